/**
 * Companions are copies, for the duration of a release, of objects that select stable's pods but not the canary's. With
 * them, a canary is never less protected than stable.
 */
import { apiVersionOf, type Gvk, type JsonObject, type KubeObject, type Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { workloadAnnotation } from '../../schema/annotations.ts';
import { isOurs, labels, managedBy } from '../../schema/names.ts';
import type { ProtectingKind, Renamed } from './protecting-kind.ts';
import type { ProtectedPods } from './subject.ts';

/** The workload and the release that the companions are made for. */
export type CompanionOwner = {
  readonly workload: string;
  readonly release: { readonly name: string; readonly uid: string };
};

export type Companion = { readonly gvk: Gvk; readonly body: KubeObject };

/** An object that does not cover the canary, with the reason why it gets no companion. */
export type Uncovered = { readonly kind: string; readonly name: string; readonly because: string };

export type Protection = {
  readonly companions: readonly Companion[];
  /** Objects about security that cannot be copied; they keep the release from starting. */
  readonly blocking: readonly Uncovered[];
  /** Other objects that do not cover the canary. */
  readonly uncovered: readonly Uncovered[];
};

/** Objects of each kind that may select the workload's pods. Companions may be among them. */
export type ProtectingObjects = readonly { readonly kind: ProtectingKind; readonly objects: readonly KubeObject[] }[];

const longestName = 253;

/** A companion name that is unique to the release. */
const nameOf = (source: string, uid: string, role: string | undefined): string => {
  const suffix = `-canary-${uid.slice(0, 8)}${role === undefined ? '' : `-${role}`}`;
  return `${source.slice(0, longestName - suffix.length).replace(/[-.]+$/, '')}${suffix}`;
};

/**
 * Labels and annotations by which deployment tools track their objects. Not copied: the tools would otherwise prune the
 * companions.
 */
const tracking =
  /^(app\.kubernetes\.io\/(instance|managed-by)|helm\.sh\/|argocd\.argoproj\.io\/|([a-z]+\.)*toolkit\.fluxcd\.io\/)/;

const keptLabels = ({ keepsLabels }: ProtectingKind, { metadata }: KubeObject): Labels =>
  keepsLabels === true
    ? Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => !tracking.test(key)))
    : {};

type Copy = { readonly role?: string; readonly spec: JsonObject };

const companionOf = (
  { kind, source }: Found,
  { role, spec }: Copy,
  { workload, release }: CompanionOwner,
): Companion => {
  const { namespace = '' } = source.metadata;
  const { gvk } = kind.use;
  const metadata = {
    name: nameOf(source.metadata.name, release.uid, role),
    namespace,
    labels: {
      ...keptLabels(kind, source),
      [labels.managedBy]: managedBy,
      [labels.release]: release.name,
      [labels.releaseUid]: release.uid,
    },
    annotations: { [workloadAnnotation]: workload },
  };
  return { gvk, body: { apiVersion: apiVersionOf(gvk), kind: gvk.kind, metadata, spec } };
};

type Found = { readonly kind: ProtectingKind; readonly source: KubeObject; readonly pods: ProtectedPods };

export const blockingProblem = ({ kind, name, because }: Uncovered): Problem => ({
  field: `${kind} ${name}`,
  rule: `selects the pods of the workload and would miss the canary's, and cannot be copied for them: ${because}`,
  todo: 'Let it select by a label that stays (the canary keeps all labels of the template but one), or opt the workload out.',
});

const none: Protection = { companions: [], blocking: [], uncovered: [] };

const withCannot = (all: Protection, { kind, source }: Found, because: string): Protection => {
  const one = { kind: kind.use.gvk.kind, name: source.metadata.name, because };
  return kind.matters === 'security'
    ? { ...all, blocking: [...all.blocking, one] }
    : { ...all, uncovered: [...all.uncovered, one] };
};

const ofKind = (
  all: Protection,
  { kind, objects }: ProtectingObjects[number],
  { pods, owner, renamed }: { readonly pods: ProtectedPods; readonly owner: CompanionOwner; readonly renamed: Renamed },
): Protection =>
  objects.reduce<Protection>((so, source) => {
    if (isOurs(source)) return so;
    const missing = kind.missing(source, pods, renamed);
    if (missing === undefined) return so;
    const found = { kind, source, pods };
    return 'cannot' in missing
      ? withCannot(so, found, missing.cannot)
      : { ...so, companions: [...so.companions, ...missing.copies.map((copy) => companionOf(found, copy, owner))] };
  }, all);

const renamedBy = (
  { objects, kind }: ProtectingObjects[number],
  pods: ProtectedPods,
  owner: CompanionOwner,
  known: Renamed,
): Renamed =>
  new Map([
    ...known,
    ...objects.flatMap((source): readonly (readonly [string, string])[] => {
      const missing = isOurs(source) ? undefined : kind.missing(source, pods, known);
      return missing === undefined || 'cannot' in missing
        ? []
        : [
            [
              `${kind.use.gvk.kind}/${source.metadata.name}`,
              nameOf(source.metadata.name, owner.release.uid, undefined),
            ],
          ];
    }),
  ]);

/**
 * Companions and gaps of the canary's protection. Kinds are processed in order, because later ones may refer to earlier
 * ones.
 */
export const protectionOf = (all: ProtectingObjects, pods: ProtectedPods, owner: CompanionOwner): Protection => {
  let renamed: Renamed = new Map();
  let found = none;
  for (const one of all) {
    found = ofKind(found, one, { pods, owner, renamed });
    renamed = renamedBy(one, pods, owner, renamed);
  }
  return found;
};

/** Counts the objects that would not select the canary's pods: those about security, then the others. */
export const missedBy = (all: ProtectingObjects, pods: ProtectedPods): readonly [security: number, care: number] => {
  const count = (matters: ProtectingKind['matters']): number =>
    all
      .filter(({ kind }) => kind.matters === matters)
      .reduce(
        (sum, { kind, objects }) =>
          sum + objects.filter((one) => !isOurs(one) && kind.missing(one, pods, new Map()) !== undefined).length,
        0,
      );
  return [count('security'), count('care')];
};

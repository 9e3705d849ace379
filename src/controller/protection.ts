/** Finds in the caches which objects protect stable's pods but would miss the canary's. Sends no requests. */
import { canaryLabelValue } from '../core/release/canary.ts';
import {
  blockingProblem,
  missedBy,
  protectionOf,
  type Companion,
  type Protection,
} from '../core/protection/companions.ts';
import type { ProtectedPods, ProtectedService } from '../core/protection/subject.ts';
import type { Deployment, Labels } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { labels } from '../schema/names.ts';
import type { Problem } from '../values/problem.ts';
import type { ProtectionFacts } from '../core/release/facts.ts';
import { inPlace, isRemovable } from './companions.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { LiveCompanion } from './protection-index.ts';

type Deps = Pick<ControllerDependencies, 'cluster' | 'index'>;

const templateLabels = ({ spec }: Deployment): Labels => spec.template.metadata?.labels ?? {};

const namespaceLabels = ({ cluster }: Deps, name: string): Labels =>
  (cluster.serves(kinds.namespace) ? cluster.get({ gvk: kinds.namespace, name })?.metadata.labels : undefined) ?? {};

/** Counts the objects that would miss the canary if this label distinguished it from stable. Fewer is better. */
export const missedWith =
  (deps: Deps, workload: Deployment) =>
  (key: string): readonly number[] => {
    const { namespace = '' } = workload.metadata;
    const objects = deps.index.protecting(namespace);
    if (objects.length === 0) return [];
    const stable = templateLabels(workload);
    return missedBy(objects, {
      namespace,
      namespaceLabels: namespaceLabels(deps, namespace),
      stable,
      canary: { ...stable, [key]: canaryLabelValue(stable[key] ?? '') },
      identity: {},
    });
  };

export type ProtectedCanary = {
  readonly workload: Deployment;
  readonly release: { readonly name: string; readonly uid: string };
  /** Labels of its pods. */
  readonly canary: Labels;
  readonly services?: { readonly apex: ProtectedService; readonly canary: ProtectedService };
};

export type Companions = { readonly wanted: readonly Companion[]; readonly live: readonly LiveCompanion[] };

export type GatheredProtection = {
  readonly facts: ProtectionFacts;
  readonly companions: Companions;
  readonly problems: readonly Problem[];
};

const nothing: Protection = { companions: [], blocking: [], uncovered: [] };

/** The companions and other protection that the canary needs. */
const protectionFor = (deps: Deps, { workload, release, canary, services }: ProtectedCanary): Protection => {
  const { namespace = '', name } = workload.metadata;
  const objects = deps.index.protecting(namespace);
  if (objects.length === 0) return nothing;
  const pods: ProtectedPods = {
    namespace,
    namespaceLabels: namespaceLabels(deps, namespace),
    stable: templateLabels(workload),
    canary,
    identity: { [labels.releaseUid]: release.uid },
    ...(services === undefined ? {} : { services }),
  };
  return protectionOf(objects, pods, { workload: name, release });
};

export const gatherProtection = (deps: Deps, canary: ProtectedCanary): GatheredProtection => {
  const { companions: wanted, blocking, uncovered } = protectionFor(deps, canary);
  const live = deps.index.companions(canary.release.uid);
  const removable = live.filter(({ object }) => isRemovable(object)).length;
  return {
    facts: { uncovered: [...uncovered, ...blocking], companions: { inPlace: inPlace(wanted, live), removable } },
    companions: { wanted, live },
    problems: blocking.map(blockingProblem),
  };
};

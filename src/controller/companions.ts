/** Makes the companions of a release what they should be, and takes them away. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/template/canonical-json.ts';
import type { Companion } from '../core/protection/companions.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { annotationPointer } from '../values/json-pointer.ts';
import { refKey, type JsonObject, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import { madeFromAnnotation } from '../schema/annotations.ts';
import { kinds } from '../schema/kinds.ts';
import { isMade, labels, madeFor } from '../schema/names.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { LiveCompanion } from './protection-index.ts';

const refOf = ({ gvk, body }: Companion): ObjectRef => {
  const { namespace, name } = body.metadata;
  return { gvk, name, ...(namespace === undefined ? {} : { namespace }) };
};

/** What the API server makes of a spec may differ from what was sent; what was sent is compared with what is wanted. */
const digest = (spec: JsonObject | undefined): string =>
  createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16);

const digestOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[madeFromAnnotation];

type OrphanDeps = Pick<ControllerDependencies, 'cluster' | 'index'>;

type Difference = {
  readonly missing: readonly Companion[];
  readonly changed: readonly Companion[];
  readonly left: readonly LiveCompanion[];
};

/** What has to be done so that exactly the wanted companions are there. */
const difference = (wanted: readonly Companion[], live: readonly LiveCompanion[]): Difference => {
  const byKey = new Map(live.map((one) => [refKey(one.ref), one]));
  const keys = new Set(wanted.map((one) => refKey(refOf(one))));
  return {
    missing: wanted.filter((one) => !byKey.has(refKey(refOf(one)))),
    changed: wanted.filter((one) => {
      const found = byKey.get(refKey(refOf(one)))?.object;
      return found !== undefined && !isTakenOver(found) && digestOf(found) !== digest(one.body.spec);
    }),
    left: live.filter(({ ref, object }) => !keys.has(refKey(ref)) && isRemovable(object)),
  };
};

/** Whether Sluice may, and has yet to, take it away. */
export const isRemovable = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp === undefined && !isTakenOver(object);

/** Whether they are what they should be. */
export const inPlace = (wanted: readonly Companion[], live: readonly LiveCompanion[]): boolean =>
  wanted.length === 0 && live.length === 0
    ? true
    : Object.values(difference(wanted, live)).every((l) => l.length === 0);

const signed = ({ body }: Companion): KubeObject => ({
  ...body,
  metadata: {
    ...body.metadata,
    annotations: { ...body.metadata.annotations, [madeFromAnnotation]: digest(body.spec) },
  },
});

/** Resolves with the number of writes. */
export const ensureCompanions = async (
  cluster: Cluster,
  wanted: readonly Companion[],
  live: readonly LiveCompanion[],
): Promise<number> => {
  const { missing, changed, left } = difference(wanted, live);
  for (const one of missing) await cluster.create(signed(one), one.gvk);
  for (const one of changed) await rewrite(cluster, one);
  return missing.length + changed.length + (await removeCompanions(cluster, left));
};

const rewrite = async (cluster: Cluster, companion: Companion): Promise<void> => {
  const { spec = {} } = companion.body;
  await cluster.patch(refOf(companion), {
    type: 'json',
    body: [
      { op: 'add', path: '/spec', value: spec },
      { op: 'add', path: annotationPointer(madeFromAnnotation), value: digest(spec) },
    ],
  });
};

/** Resolves with the number of writes. */
export const removeCompanions = async (cluster: Cluster, live: readonly LiveCompanion[]): Promise<number> => {
  let writes = 0;
  for (const { ref, object } of live.filter((one) => isRemovable(one.object)))
    if (await cluster.remove(ref, object.metadata.uid)) writes += 1;
  return writes;
};

/** Takes away companions of releases that are gone, once no canary needs their protection. Resolves with the number of writes. */
export const removeOrphanedCompanions = ({ cluster, index }: OrphanDeps): Promise<number> => {
  const companions = index.allCompanions();
  if (companions.length === 0) return Promise.resolve(0);
  const needed = new Set([
    ...cluster.list(kinds.release).map(({ metadata }) => metadata.uid),
    ...cluster.list(kinds.deployment).flatMap((object) => (isMade(object) ? [madeFor(object).uid] : [])),
  ]);
  return removeCompanions(
    cluster,
    companions.filter(({ object }) => !needed.has(object.metadata.labels?.[labels.releaseUid])),
  );
};

/**
 * Removes splits from users' routes when their Release is gone: the workload was deleted while no controller ran, and the
 * Release was garbage-collected with it. No reconcile of a workload finds such a split, and the webhook keeps it in the
 * route. So Sluice searches the routes themselves.
 */
import type { Release } from '../schema/release.ts';
import { isSameKind, type Deployment, type Gvk, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isFinal } from '../core/release/state.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import type { RouteFormat } from '../values/route-format.ts';
import { marks } from '../schema/annotations.ts';
import { isMade, madeFor } from '../schema/names.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { readRelease } from './gather.ts';

/** Whether an object carries a split whose release is gone, according to the caches. */
export const hasOrphanedSplit = (deps: ControllerDependencies, gvk: Gvk, object: KubeObject): boolean => {
  const format = deps.traffic.formats.find((one) => isSameKind(one.gvk, gvk));
  return format !== undefined && lostIn(deps, format, object).length > 0;
};

/** Removes the orphaned splits from the routes of a namespace. */
export const restoreOrphanedSplits = async (deps: ControllerDependencies, namespace: string): Promise<void> => {
  for (const format of servedFormats(deps))
    for (const object of deps.cluster.list(format.gvk, namespace)) await restoreOne(deps, format, object);
};

/** Namespaces with orphaned splits. */
export const namespacesWithOrphanedSplits = (deps: ControllerDependencies): readonly string[] => {
  const objects = servedFormats(deps).flatMap((format) =>
    deps.cluster.list(format.gvk).filter((object) => lostIn(deps, format, object).length > 0),
  );
  return [...new Set(objects.map(({ metadata }) => metadata.namespace ?? ''))];
};

const servedFormats = ({ traffic, cluster }: ControllerDependencies): readonly RouteFormat[] =>
  traffic.formats.filter(({ gvk }) => cluster.serves(gvk));

const lostIn = (deps: ControllerDependencies, format: RouteFormat, object: KubeObject): readonly CarriedSplit[] =>
  format.read(object).filter(({ release }) => !isWanted(deps, object.metadata.namespace ?? '', release));

/**
 * Whether something still needs the split: its Release, a workload whose mark will create a Release of that name again,
 * or a canary that still exists. The split is removed together with that canary.
 */
const isWanted = ({ cluster }: ControllerDependencies, namespace: string, name: string): boolean => {
  const release = cluster.get({ gvk: kinds.release, namespace, name });
  if (release !== undefined) return isUnderWay(release);
  return cluster
    .list(kinds.deployment, namespace)
    .some((one) => one.metadata.annotations?.[marks.release] === name || isCanaryOf(one, name));
};

const isCanaryOf = (deployment: Deployment, name: string): boolean =>
  isMade(deployment) &&
  madeFor(deployment).name === name &&
  deployment.metadata.deletionTimestamp === undefined &&
  !isTakenOver(deployment);

const isUnderWay = (release: Release): boolean => !isFinal(readRelease(release).status?.phase ?? 'Pending');

const restoreOne = async (deps: ControllerDependencies, format: RouteFormat, object: KubeObject): Promise<void> => {
  const { namespace = '', name } = object.metadata;
  for (const split of lostIn(deps, format, object)) {
    // The caches fill one by one, so the API server is asked whether the Release is really gone.
    const release = await deps.cluster.fetch({ gvk: kinds.release, namespace, name: split.release });
    if (release !== undefined && isUnderWay(release)) continue;
    await deps.cluster.replace(format.take(object, split.apex), format.gvk);
    deps.log.warn(
      { namespace, release: split.release, route: `${format.gvk.kind} ${name}` },
      'a route carried the split of a release that is gone; it is as it was',
    );
    // Any further split is removed at the next look, from the object as stored by then.
    return;
  }
};

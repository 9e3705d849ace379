/**
 * Splits in users' routes whose release is no more: its workload was deleted while nobody looked, and the Release was
 * collected with it. No reconcile of a workload comes by there again, and the webhook keeps a split for as long as the
 * route tells of one, so they are looked for in the routes themselves.
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

/** Whether an object carries a split of a release that is not there, as far as the caches know. */
export const hasOrphanedSplit = (deps: ControllerDependencies, gvk: Gvk, object: KubeObject): boolean => {
  const format = deps.traffic.formats.find((one) => isSameKind(one.gvk, gvk));
  return format !== undefined && lostIn(deps, format, object).length > 0;
};

/** Takes the lost splits out of the routes of a namespace. */
export const restoreOrphanedSplits = async (deps: ControllerDependencies, namespace: string): Promise<void> => {
  for (const format of servedFormats(deps))
    for (const object of deps.cluster.list(format.gvk, namespace)) await restoreOne(deps, format, object);
};

/** Namespaces in which there is something to take out. */
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
 * By its Release, by a workload that is about to get one of that name again, or by a canary that is still there, with
 * which it is given back.
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
    // The caches fill one by one: that it is gone is looked up.
    const release = await deps.cluster.fetch({ gvk: kinds.release, namespace, name: split.release });
    if (release !== undefined && isUnderWay(release)) continue;
    await deps.cluster.replace(format.take(object, split.apex), format.gvk);
    deps.log.warn(
      { namespace, release: split.release, route: `${format.gvk.kind} ${name}` },
      'a route carried the split of a release that is gone; it is as it was',
    );
    // The next one is taken out of what is stored then.
    return;
  }
};

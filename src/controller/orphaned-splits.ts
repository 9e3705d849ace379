/**
 * Splits in users' routes whose release is no more: its workload was deleted while nobody looked, and the Release was
 * collected with it. No reconcile of a workload comes by there again, and the webhook keeps a split for as long as the
 * route tells of one, so they are looked for in the routes themselves.
 */
import type { Release } from '../schema/release.ts';
import { refKey, type Gvk, type KubeObject, isSameKind } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { isFinal } from '../core/release/state.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import type { Target, TrafficProvider } from '../ports/traffic.ts';
import { marks, splitAnnotation } from '../schema/annotations.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { readRelease } from './gather.ts';
import { giveBack } from './give-back.ts';

/** Whether an object carries a split of a release that is not there, as far as the caches know. */
export const hasOrphanedSplit = (deps: ControllerDependencies, gvk: Gvk, object: KubeObject): boolean => {
  const provider = providerOf(deps, gvk);
  return provider !== undefined && lostIn(deps, provider, object).length > 0;
};

/** Takes the lost splits out of the routes of a namespace. */
export const restoreOrphanedSplits = async (deps: ControllerDependencies, namespace: string): Promise<void> => {
  for (const gvk of routeKinds(deps)) {
    const provider = providerOf(deps, gvk);
    if (provider === undefined || !deps.cluster.serves(gvk)) continue;
    for (const object of deps.cluster.list(gvk, namespace)) await restoreOne(deps, { provider, gvk }, object);
  }
};

/** Namespaces in which there is something to take out. */
export const namespacesWithOrphanedSplits = (deps: ControllerDependencies): readonly string[] => {
  const objects = routeKinds(deps)
    .filter((gvk) => deps.cluster.serves(gvk))
    .flatMap((gvk) => deps.cluster.list(gvk).filter((object) => hasOrphanedSplit(deps, gvk, object)));
  return [...new Set(objects.map(({ metadata }) => metadata.namespace ?? ''))];
};

/** Several providers may work with one kind; they agree about what its objects tell of. */
const providerOf = ({ traffic }: ControllerDependencies, gvk: Gvk): TrafficProvider | undefined =>
  Object.values(traffic.providers).find(
    ({ kinds: own, can }) => can.splits === 'route' && own.some((one) => isSameKind(one, gvk)),
  );

const routeKinds = ({ traffic }: ControllerDependencies): readonly Gvk[] => [
  ...new Set(Object.values(traffic.providers).flatMap(({ kinds: own, can }) => (can.splits === 'route' ? own : []))),
];

const lostIn = (
  deps: ControllerDependencies,
  provider: TrafficProvider,
  object: KubeObject,
): readonly CarriedSplit[] => {
  if (object.metadata.annotations?.[splitAnnotation] === undefined) return [];
  // Written over itself, a route says which splits it carries.
  const { kept, gone } = provider.keep(object, object);
  return [...kept, ...gone].filter(({ release }) => !isWanted(deps, object.metadata.namespace ?? '', release));
};

/** By its Release, or by a workload that is about to get one of that name again. */
const isWanted = ({ cluster }: ControllerDependencies, namespace: string, name: string): boolean => {
  const release = cluster.get({ gvk: kinds.release, namespace, name });
  if (release !== undefined) return isUnderWay(release);
  return cluster
    .list(kinds.deployment, namespace)
    .some(({ metadata }) => metadata.annotations?.[marks.release] === name);
};

const isUnderWay = (release: Release): boolean => !isFinal(readRelease(release).status?.phase ?? 'Pending');

type Kind = { readonly provider: TrafficProvider; readonly gvk: Gvk };

const restoreOne = async (deps: ControllerDependencies, { provider, gvk }: Kind, object: KubeObject): Promise<void> => {
  const { namespace = '', name } = object.metadata;
  for (const split of lostIn(deps, provider, object)) {
    // The caches fill one by one: that it is gone is looked up.
    const release = await deps.cluster.fetch({ gvk: kinds.release, namespace, name: split.release });
    if (release !== undefined && isUnderWay(release)) continue;
    const live = new Map([[refKey({ gvk, namespace, name }), object]]);
    if ((await giveBack(deps.cluster, provider.restore(targetOf(namespace, split), live))) === 0) continue;
    deps.log.warn(
      { namespace, release: split.release, route: `${gvk.kind} ${name}` },
      'a route carried the split of a release that is gone; it is as it was',
    );
    // The next one is taken out of what is stored then.
    return;
  }
};

const targetOf = (namespace: string, { apex, canaryService, release }: CarriedSplit): Target => ({
  namespace,
  workload: apex,
  apex: { apiVersion: 'v1', kind: 'Service', metadata: { name: apex, namespace }, spec: {} },
  canaryService,
  release: { name: release, uid: '' },
});

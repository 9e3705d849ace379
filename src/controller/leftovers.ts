/**
 * What is left of a canary whose Release is gone: deleted by somebody, collected with its workload, or with the kind itself.
 * Nothing of it is owned by the Release, so that the routes can be given back first; then the proxies have the time to
 * notice, and then the canary goes.
 *
 *   routes back ──► mark on the canary ──► delay ──► Deployment and Service deleted ──► pods gone
 */
import { isFinal } from '../core/release/state.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { ClusterError } from '../ports/cluster.ts';
import { withdrawnAnnotation } from '../schema/annotations.ts';
import { kinds } from '../schema/kinds.ts';
import { isMadeFor, madeFor } from '../schema/names.ts';
import type { Release } from '../schema/release.ts';
import {
  isA,
  type Deployment,
  type Gvk,
  type KubeObject,
  type ObjectRef,
  type Service,
} from '../values/kube-object.ts';
import { fromRfc3339, toRfc3339, type Milliseconds } from '../values/time.ts';
import { removeObjects, untilLate } from './canary-removal.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { forgetPlace, isGone, lastToServe, type Last } from './last-to-serve.ts';
import { leadAll, leadsTo, type Lead } from './lead-to-canary.ts';
import { giveBackLeftRoutes, type Place } from './left-routes.ts';
import { propagationOf } from './propagation.ts';

/** After a deletion, which is heard of. */
const lookPause: Milliseconds = 2000;

/** `again`: when there is more to do; without it, what happens next is heard of. */
export type Left = { readonly again?: Milliseconds };

/**
 * Clears up what is left. `workload`: as it is, or on its way out; undefined where it is gone. Resolves with undefined
 * when nothing is left.
 */
export const clearLeftovers = async (
  deps: ControllerDependencies,
  place: Place,
  workload: Deployment | undefined,
): Promise<Left | undefined> => {
  const left = leftoversOf(deps, place, workload);
  if (left.length === 0) {
    forgetPlace(deps, place);
    return undefined;
  }
  const canary = canaryIn(left);
  const leads = leadsTo(deps, place, left, canary.service);
  const serves = lastToServe(deps, place, lastOf(workload, canary, leads));
  if (serves !== undefined && !leads.some(({ weight }) => weight < 100)) return againAfter(serves.wait);
  if (!(await isReallyLeft(deps, place, workload, left))) return undefined;
  if (serves !== undefined) return (await leadAll(deps, leads)) > 0 ? { again: 0 } : againAfter(serves.wait);
  return { again: await takeAway(deps, { place, workload, left, canary }) };
};

const againAfter = (wait: Milliseconds | undefined): Left => (wait === undefined ? {} : { again: wait });

/** Whether the canary of a workload that is gone goes on serving: then its routes are not to be given back. */
export const stillServes = (deps: ControllerDependencies, place: Place, workload: Deployment | undefined): boolean => {
  const left = leftoversOf(deps, place, workload);
  const canary = canaryIn(left);
  const leads = leadsTo(deps, place, left, canary.service);
  return lastToServe(deps, place, lastOf(workload, canary, leads)) !== undefined;
};

const lastOf = (workload: Deployment | undefined, canary: Canary, leads: readonly Lead[]): Last => ({
  workload,
  canary: canary.deployment,
  byPods: canary.service === undefined,
  leads,
});

type Clearing = {
  readonly place: Place;
  readonly workload: Deployment | undefined;
  readonly left: readonly KubeObject[];
  readonly canary: Canary;
};

const takeAway = async (
  deps: ControllerDependencies,
  { place, workload, left, canary }: Clearing,
): Promise<Milliseconds> => {
  if ((await giveBackLeftRoutes(deps, place, left)) > 0) return 0;
  const wait = await untilProxiesKnow(deps, workload, canary.deployment);
  if (wait > 0) return wait;
  if ((await removeObjects({ cluster: deps.cluster, now: deps.clock.now() }, canary)) > 0)
    deps.log.info({ ...place }, 'removed what was left of a canary whose release is gone');
  return canary.going === undefined ? lookPause : untilLate(canary.going, deps.clock.now());
};

/** Made for a Release that is not there any more, is over, or is of an earlier workload; what somebody has taken over is theirs. */
const leftoversOf = (
  deps: ControllerDependencies,
  place: Place,
  workload: Deployment | undefined,
): readonly KubeObject[] =>
  deps.index
    .madeFor(place.namespace, place.workload)
    .filter((object) => !isTakenOver(object) && !isOf(deps.cluster.get(releaseRef(place, object)), object, workload));

/** The caches fill one by one, and this one may have been made by another controller: that its Release is gone is looked up. */
const isReallyLeft = async (
  deps: ControllerDependencies,
  place: Place,
  workload: Deployment | undefined,
  left: readonly KubeObject[],
): Promise<boolean> => {
  const [first] = left;
  if (first === undefined) return false;
  // What goes anyway was somebody's decision.
  if (left.every(({ metadata }) => metadata.deletionTimestamp !== undefined)) return true;
  if (isKnownToBeOver(deps.cluster.get(releaseRef(place, first)), first, workload)) return true;
  return !isOf(await deps.cluster.fetch(releaseRef(place, first)), first, workload);
};

const releaseRef = ({ namespace }: Place, object: KubeObject): ObjectRef<Release> => ({
  gvk: kinds.release,
  namespace,
  name: madeFor(object).name ?? '',
});

/** What is over stays over, and what is of an earlier workload stays so. */
const isKnownToBeOver = (release: Release | undefined, object: KubeObject, workload: Deployment | undefined): boolean =>
  isReleaseOf(release, object) && !isUnderWay(release, workload);

/** Whether the Release is the one an object was made for, and under way. */
const isOf = (release: Release | undefined, object: KubeObject, workload: Deployment | undefined): boolean =>
  isReleaseOf(release, object) && isUnderWay(release, workload);

const isReleaseOf = (release: Release | undefined, object: KubeObject): release is Release =>
  release !== undefined && isMadeFor(object, { name: release.metadata.name, uid: release.metadata.uid ?? '' });

const isUnderWay = ({ status, spec }: Release, workload: Deployment | undefined): boolean =>
  !isFinal(status?.phase ?? 'Pending') && !isGone(workload) && spec.workload.uid === workload.metadata.uid;

type Canary = { readonly deployment?: Deployment; readonly service?: Service; readonly going?: Deployment };

const ofKind = <T extends KubeObject>(left: readonly KubeObject[], gvk: Gvk<T>): readonly T[] =>
  left.flatMap((object) => (isA(object, gvk) ? [object] : []));

const canaryIn = (left: readonly KubeObject[]): Canary => {
  const [deployment] = ofKind(left, kinds.deployment);
  const [service] = ofKind(left, kinds.service);
  const going = deployment?.metadata.deletionTimestamp !== undefined;
  return {
    ...(deployment === undefined ? {} : going ? { going: deployment } : { deployment }),
    ...(service === undefined ? {} : { service }),
  };
};

/** The delay counts from the mark on the canary, which outlives a restart of the controller. */
const untilProxiesKnow = async (
  deps: ControllerDependencies,
  workload: Deployment | undefined,
  canary: Deployment | undefined,
): Promise<Milliseconds> => {
  if (canary === undefined) return 0;
  const now = deps.clock.now();
  const delay = propagationOf(deps, workload);
  const since = fromRfc3339(canary.metadata.annotations?.[withdrawnAnnotation]);
  // An instant in the future is of another clock, and says nothing.
  if (since !== undefined && since <= now) return Math.max(0, since + delay - now);
  const { name, namespace = '', resourceVersion } = canary.metadata;
  if (resourceVersion === undefined) throw new ClusterError('conflict', `${name} was read without a resourceVersion`);
  const body = { metadata: { annotations: { [withdrawnAnnotation]: toRfc3339(now) } } };
  await deps.cluster.patch({ gvk: kinds.deployment, namespace, name }, { type: 'merge', body }, { resourceVersion });
  return delay;
};

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
import { removeObjects } from './canary-removal.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { giveBackLeftRoutes } from './left-routes.ts';

export type Place = { readonly namespace: string; readonly workload: string };

/** How long proxies get where nothing is left that says it. */
const mostPropagation: Milliseconds = 10_000;
/** How often it is looked at again what nothing tells of. */
const lookPause: Milliseconds = 2000;

/** Resolves with the time until there is more to do; undefined when nothing is left. */
export const clearLeftovers = async (
  deps: ControllerDependencies,
  place: Place,
  workload: Deployment | undefined,
): Promise<Milliseconds | undefined> => {
  const left = await leftoversOf(deps, place);
  if (left.length === 0) return undefined;
  const canary = canaryIn(left);
  if (isAllThatServes(workload, canary.deployment)) return lookPause;
  if ((await giveBackLeftRoutes(deps, place, left)) > 0) return 0;
  const wait = await untilProxiesKnow(deps, workload, canary.deployment);
  if (wait > 0) return wait;
  if ((await removeObjects({ cluster: deps.cluster, now: deps.clock.now() }, canary)) > 0)
    deps.log.info({ ...place }, 'removed what was left of a canary whose release is gone');
  return lookPause;
};

/** Made for a Release that is not there any more, or is over; what somebody has taken over is theirs. */
const leftoversOf = async (deps: ControllerDependencies, place: Place): Promise<readonly KubeObject[]> => {
  const made = deps.index.madeFor(place.namespace, place.workload).filter((object) => !isTakenOver(object));
  const left = made.filter((object) => !isOf(deps.cluster.get(releaseRef(place, object)), object));
  const [first] = left;
  if (first === undefined) return [];
  if (isKnownToBeOver(deps.cluster.get(releaseRef(place, first)), first)) return left;
  // The caches fill one by one, and this one may have been made by another controller: that it is gone is looked up.
  const live = await deps.cluster.fetch(releaseRef(place, first));
  return isOf(live, first) ? [] : left;
};

const releaseRef = ({ namespace }: Place, object: KubeObject): ObjectRef<Release> => ({
  gvk: kinds.release,
  namespace,
  name: madeFor(object).name ?? '',
});

/** What is over stays over. */
const isKnownToBeOver = (release: Release | undefined, object: KubeObject): boolean =>
  release !== undefined &&
  isMadeFor(object, { name: release.metadata.name, uid: release.metadata.uid ?? '' }) &&
  isFinal(release.status?.phase ?? 'Pending');

/** Whether the Release is the one an object was made for, and under way. */
const isOf = (release: Release | undefined, object: KubeObject): boolean => {
  if (release === undefined || isFinal(release.status?.phase ?? 'Pending')) return false;
  return isMadeFor(object, { name: release.metadata.name, uid: release.metadata.uid ?? '' });
};

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

/** Nobody withdraws the only ready pods: the workload's own have to be there first. */
const isAllThatServes = (workload: Deployment | undefined, canary: Deployment | undefined): boolean =>
  workload !== undefined &&
  (workload.spec.replicas ?? 1) > 0 &&
  (workload.status?.availableReplicas ?? 0) === 0 &&
  (canary?.status?.readyReplicas ?? 0) > 0;

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

const propagationOf = ({ policies }: ControllerDependencies, workload: Deployment | undefined): Milliseconds => {
  const found = workload === undefined ? undefined : policies.ofWorkload(workload);
  return found === undefined || 'problems' in found ? mostPropagation : found.plan.propagationDelay;
};

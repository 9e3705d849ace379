/**
 * Decides whether a canary must stay although its Release is gone. If only the canary can answer requests, it keeps
 * serving until the pods of the workload are available. A deleted workload may be about to be created again, so its
 * canary stays for a limited time.
 */
import { withdrawnAnnotation } from '../schema/annotations.ts';
import { kinds } from '../schema/kinds.ts';
import { canaryName } from '../schema/names.ts';
import type { Deployment } from '../values/kube-object.ts';
import { isPodOf } from '../values/pod-name.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { Lead } from './lead-to-canary.ts';
import type { Place } from './left-routes.ts';
import { propagationOf } from './propagation.ts';
import { workloadKey } from './workload-key.ts';

/**
 * How long the canary of a deleted workload keeps serving. A user who replaces a workload creates it again within
 * seconds. A foreground deletion frees the name once the pods have stopped, by default within 30 s. Twice that covers
 * both cases, and is short enough for a user who wants everything gone.
 */
const afterDeletion: Milliseconds = 60_000;

/** When this process first saw that a workload is gone or is back. A restart begins again, which is harmless. */
const seen = new WeakMap<Cluster, Map<string, Instant>>();

const firstSeen = ({ cluster, clock }: ControllerDependencies, key: string): Instant => {
  const known = seen.get(cluster) ?? new Map<string, Instant>();
  seen.set(cluster, known);
  const [now, before] = [clock.now(), known.get(key)];
  if (before !== undefined && before <= now) return before;
  known.set(key, now);
  return now;
};

const forget = ({ cluster }: ControllerDependencies, ...keys: readonly string[]): void => {
  for (const key of keys) seen.get(cluster)?.delete(key);
};

const keysOf = ({ namespace, workload }: Place): { readonly gone: string; readonly back: string } => {
  const key = workloadKey(namespace, workload);
  return { gone: `${key} gone`, back: `${key} back` };
};

/** Forgets a workload once nothing is left of its canary. */
export const forgetPlace = (deps: ControllerDependencies, place: Place): void =>
  forget(deps, keysOf(place).gone, keysOf(place).back);

/** What is left of a canary, and what leads to it. */
export type Last = {
  /** May be in deletion. */
  readonly workload: Deployment | undefined;
  readonly canary: Deployment | undefined;
  /** Pods split the traffic: callers reach the canary without a route. */
  readonly byPods: boolean;
  readonly leads: readonly Lead[];
};

/** The canary still serves. `wait`: when to look again; without it, at the next change of the workload or the canary. */
export type Serves = { readonly wait?: Milliseconds };

/** Undefined if the canary may be removed. */
export const lastToServe = (deps: ControllerDependencies, place: Place, last: Last): Serves | undefined => {
  const { workload, canary, leads } = last;
  if (canary === undefined || (canary.status?.readyReplicas ?? 0) === 0) return undefined;
  if (isGone(workload)) return forAMoment(deps, place, last);
  const keys = keysOf(place);
  forget(deps, keys.gone);
  if ((workload.spec.replicas ?? 1) === 0) return undefined;
  if ((workload.status?.availableReplicas ?? 0) === 0) {
    forget(deps, keys.back);
    return {};
  }
  // The canary has all the traffic: proxies get time to notice that the workload's pods are back.
  if (!leads.some(({ weight }) => weight === 100)) return undefined;
  return until(deps, firstSeen(deps, keys.back) + propagationOf(deps, workload));
};

const until = ({ clock }: ControllerDependencies, end: Instant): Serves | undefined =>
  clock.now() < end ? { wait: end - clock.now() } : undefined;

export const isGone = (workload: Deployment | undefined): workload is undefined =>
  workload === undefined || workload.metadata.deletionTimestamp !== undefined;

const forAMoment = (deps: ControllerDependencies, place: Place, last: Last): Serves | undefined => {
  const { canary, byPods, leads } = last;
  if (canary?.metadata.annotations?.[withdrawnAnnotation] !== undefined) return undefined;
  if (leavesItsPods(deps, place, last.workload)) return undefined;
  if (!byPods && !leads.some(({ apex }) => isOnlyAnswer(deps, place, apex))) return undefined;
  return until(deps, firstSeen(deps, keysOf(place).gone) + afterDeletion);
};

/** `--cascade=orphan`: the pods of the workload stay, and its Releases lose their owner. */
const leavesItsPods = ({ index }: ControllerDependencies, place: Place, workload: Deployment | undefined): boolean =>
  (workload?.metadata.finalizers ?? []).includes('orphan') ||
  index
    .ofWorkload(place.namespace, place.workload)
    .some(({ metadata }) => (metadata.ownerReferences ?? []).length === 0);

/** Whether the canary alone serves the Service. The workload's own pods do not count, ready or not: they are stopping. */
const isOnlyAnswer = ({ cluster, index }: ControllerDependencies, place: Place, apex: string): boolean => {
  const { namespace, workload } = place;
  if (cluster.get({ gvk: kinds.service, namespace, name: apex }) === undefined) return false;
  const endpoints = index.slicesOf(namespace, apex).flatMap((slice) => slice.endpoints ?? []);
  const own = [workload, canaryName(workload)];
  return !endpoints.some(
    ({ conditions, targetRef }) =>
      conditions?.ready !== false && !own.some((name) => isPodOf(name, targetRef?.name ?? '')),
  );
};

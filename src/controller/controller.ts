/** Turns changes seen by the watches into reconciles of workloads. */
import type { Release } from '../schema/release.ts';
import { isDeepStrictEqual } from 'node:util';
import { isA, type Deployment, type Gvk, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import type { Pod } from '../values/pod.ts';
import { kinds } from '../schema/kinds.ts';
import { withoutWriteError } from '../core/release/write-error.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { marks, workloadAnnotation } from '../schema/annotations.ts';
import { isMade, labels } from '../schema/names.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { deploymentOf, isNews } from './canary-pod.ts';
import { sameStatus } from './same-status.ts';
import { removeOrphanedCompanions } from './companions.ts';
import { hasOrphanedSplit, namespacesWithOrphanedSplits, restoreOrphanedSplits } from './orphaned-splits.ts';
import { workQueue, type RunResult, type WorkQueue } from './queue.ts';
import { reconcile } from './reconcile.ts';
import { looksOutOfBand } from './out-of-band.ts';
import { readRelease } from './gather.ts';
import { isOpen } from './release-index.ts';
import { tellRecentEnd } from './tell-history.ts';
import { wokenBy, wokenByEnd, wokenByPods } from './woken.ts';
import { workloadKey, workloadOf } from './workload-key.ts';

export type Controller = {
  /** Starts work with every workload in the caches that is marked or has a running release. */
  readonly start: () => void;
  /** Finishes the reconciles in flight and starts no more. */
  readonly stop: () => Promise<void>;
  readonly depth: () => number;
};

const backoff = { base: 100, cap: 30_000 };

export const createController = (deps: ControllerDependencies, options: { workers: number }): Controller => {
  const queue = workQueue({
    clock: deps.clock,
    workers: options.workers,
    backoff,
    run: (key) => work(deps, workloadOf(key)),
    report: ({ key, took, error, retryIn }) => {
      deps.metrics.reconcile(took, error === undefined ? undefined : reasonOf(error));
      deps.metrics.queueDepth(queue.depth());
      if (error !== undefined)
        deps.log.warn({ key, err: error, retryIn }, 'reconcile did not finish; it is tried again');
    },
  });
  let started = false;
  deps.cluster.onChange((change) => {
    // While the caches fill, half the facts are missing. `start` looks at everything that is there by then.
    if (!started) return;
    if (isA(change.object, kinds.deployment)) deps.formerTemplates.note(change);
    if (change.type === 'removed') deps.told.delete(change.object.metadata.uid ?? '');
    for (const key of keysOf(deps, change)) queue.add(key);
    if (mayLose(deps, change)) queue.add(leftIn(change.object.metadata.namespace ?? ''));
  });
  deps.outside.onAnswer((key) => queue.add(key));
  // When a kind of route is installed or removed, no object changes, so the releases that use it are woken here.
  deps.cluster.onServed(() => {
    if (started) addActive(deps, queue);
  });
  const start = (): void => {
    started = true;
    startAll(deps, queue);
  };
  return { start, stop: () => queue.drain(), depth: () => queue.depth() };
};

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'reason' in error ? String(error.reason) : 'bug';

const keyOf = workloadKey;

/** The key for cleaning up what no longer belongs to any workload. */
const leftIn = (namespace: string): string => keyOf(namespace, '');

const work = async (deps: ControllerDependencies, ref: ObjectRef<Deployment>): Promise<RunResult> => {
  if (ref.name !== '') return reconcile(deps, ref);
  await restoreOrphanedSplits(deps, ref.namespace ?? '');
  await removeOrphanedCompanions(deps);
  return {};
};

const startAll = (deps: ControllerDependencies, queue: WorkQueue): void => {
  const { cluster } = deps;
  for (const workload of cluster.list(kinds.deployment))
    if (isMarked(workload) || isStray(deps, workload))
      queue.add(keyOf(workload.metadata.namespace ?? '', workload.metadata.name));
  addActive(deps, queue);
  for (const object of madeObjects(deps)) for (const key of ofMade(object)) queue.add(key);
  for (const release of cluster.list(kinds.release)) tellRecentEnd(deps, readRelease(release));
  for (const namespace of namespacesWithOrphanedSplits(deps)) queue.add(leftIn(namespace));
  if (deps.index.allCompanions().length > 0) queue.add(leftIn(''));
};

/** All objects made for releases. Some may have lost their Release while no controller was running. */
const madeObjects = ({ cluster, traffic }: ControllerDependencies): readonly KubeObject[] => {
  const routes = traffic.formats.map(({ gvk }) => gvk).filter((gvk) => cluster.serves(gvk));
  return [kinds.deployment, kinds.service, ...routes].flatMap((gvk: Gvk) => cluster.list(gvk)).filter(isMade);
};

const addActive = ({ cluster }: ControllerDependencies, queue: WorkQueue): void => {
  for (const release of cluster.list(kinds.release)) if (isOpen(release)) queue.add(keyOfRelease(release));
};

const isMarked = ({ metadata }: KubeObject): boolean => metadata.annotations?.[marks.release] !== undefined;

const isStray = looksOutOfBand;

/** False for a mere status update: it cannot change the template, so nobody needs to hash the template again. */
const wasWritten = ({ object, before }: ClusterChange): boolean =>
  before === undefined || before.metadata.generation !== object.metadata.generation;

const keyOfRelease = (release: Release): string => keyOf(release.metadata.namespace ?? '', release.spec.workload.name);

/**
 * Keys of the workloads that a change concerns. Idle workloads cost nothing: only workloads that are marked, are out of
 * band or have a running release get a key.
 */
const keysOf = (deps: ControllerDependencies, change: ClusterChange): readonly string[] => {
  const { cluster } = deps;
  const { object, before } = change;
  const namespace = object.metadata.namespace ?? '';
  if (isA(object, kinds.release))
    return onlyTold(object, before) ? [] : [keyOfRelease(object), ...waitingFor(deps, change, object)];
  if (isA(object, kinds.pod)) return keysOfPod(deps, change, object);
  const madeFor = object.metadata.labels?.[labels.release];
  if (madeFor !== undefined) {
    const release = cluster.get({ gvk: kinds.release, namespace, name: madeFor });
    return [...ofMade(object), ...releaseKeys(release), ...waitingFor(deps, change, release)];
  }
  return isA(object, kinds.deployment) ? keysOfWorkload(deps, change, object) : wokenBy(deps, change).map(keyOfRelease);
};

const keysOfWorkload = (
  deps: ControllerDependencies,
  change: ClusterChange,
  workload: Deployment,
): readonly string[] => {
  const { namespace = '', name } = workload.metadata;
  const key = keyOf(namespace, name);
  const others = wokenByPods(deps, change, workload).map(keyOfRelease);
  if (isMarked(workload) || change.type === 'removed' || (wasWritten(change) && isStray(deps, workload)))
    return [key, ...others];
  // A canary whose Release is gone may be waiting for the workload's pods.
  const concerned =
    deps.index.ofWorkload(namespace, name).some(isOpen) || deps.index.madeFor(namespace, name).length > 0;
  return concerned ? [key, ...others] : others;
};

const keysOfPod = (
  { cluster }: ControllerDependencies,
  { type, before }: ClusterChange,
  pod: Pod,
): readonly string[] => {
  if (type === 'removed' || !isNews(pod, before)) return [];
  const { namespace = '' } = pod.metadata;
  const name = deploymentOf(pod);
  const canary = name === undefined ? undefined : cluster.get({ gvk: kinds.deployment, namespace, name });
  const release = canary?.metadata.labels?.[labels.release];
  return release === undefined ? [] : releaseKeys(cluster.get({ gvk: kinds.release, namespace, name: release }));
};

/** Key of the workload that the object was made for, even if its Release no longer exists. */
const ofMade = ({ metadata }: KubeObject): readonly string[] => {
  const workload = metadata.annotations?.[workloadAnnotation];
  return workload === undefined ? [] : [keyOf(metadata.namespace ?? '', workload)];
};

/** Whether this change ended a release. Deleting an old, finished Release (the history limit) does not count. */
const hasEnded = ({ type, object, before }: ClusterChange): boolean =>
  type === 'removed'
    ? !isA(object, kinds.release) || isOpen(object)
    : isA(object, kinds.release) && wasOpen(before) && !isOpen(object);

const wasOpen = (before: KubeObject | undefined): boolean =>
  before !== undefined && isA(before, kinds.release) && isOpen(before);

/** When a release is over: the releases of other workloads behind the same Service, which may have waited for it. */
const waitingFor = (
  deps: ControllerDependencies,
  change: ClusterChange,
  over: Release | undefined,
): readonly string[] => (hasEnded(change) ? wokenByEnd(deps, change, over?.status?.service).map(keyOfRelease) : []);

/** Whether something of a release may now be left that nobody takes away any more: a split in a route, or companions. */
const mayLose = (deps: ControllerDependencies, change: ClusterChange): boolean => {
  const { gvk, object, type, before } = change;
  if (isA(object, kinds.release)) return hasEnded(change);
  if (!isA(object, kinds.deployment)) return type === 'set' && hasOrphanedSplit(deps, gvk, object);
  // The last that needed its companions.
  if (isMade(object)) return type === 'removed';
  const release = (before ?? object).metadata.annotations?.[marks.release];
  return release !== undefined && (type === 'removed' || object.metadata.annotations?.[marks.release] !== release);
};

/**
 * Our own words about a refused write, and nothing else: no reason to try again at once, or words that differ each time
 * would make a storm of it.
 */
const onlyTold = (object: Release, before: KubeObject | undefined): boolean => {
  if (before === undefined || !isA(before, kinds.release) || before.metadata.uid !== object.metadata.uid) return false;
  const [a, b] = [object.status, before.status];
  if (a === undefined || b === undefined || isDeepStrictEqual(a.lastWriteError, b.lastWriteError)) return false;
  const { name } = object.spec.workload;
  const [left, right] = [a, b].map(({ history: _h, historyToldThrough: _t, ...rest }) => withoutWriteError(rest, name));
  return (
    left !== undefined &&
    right !== undefined &&
    sameStatus(left, right) &&
    isDeepStrictEqual(asked(object), asked(before))
  );
};

const asked = ({ metadata }: KubeObject): unknown => [metadata.annotations, metadata.deletionTimestamp];

const releaseKeys = (release: Release | undefined): readonly string[] =>
  release === undefined ? [] : [keyOfRelease(release)];

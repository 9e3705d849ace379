/** A workload was deleted in the middle of a release: what is ours goes with it, what is the user's is given back. */
import { canaryServiceName } from '../core/release/canary.ts';
import { conditionsFor } from '../core/release/conditions.ts';
import { isFinal } from '../core/release/state.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { fromRfc3339, toRfc3339, type Milliseconds } from '../values/time.ts';
import type { Target } from '../ports/traffic.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import { giveBack } from './give-back.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { formerApex } from './former-apex.ts';
import { releasesOf, type ReleaseObject } from './gather.ts';
import { liveOf, providerNamed } from './route-facts.ts';

type Place = { readonly namespace: string; readonly workload: string };

/** Restores the routes of every release of a workload that is gone. */
export const restoreOrphaned = async (
  deps: ControllerDependencies,
  namespace: string,
  workload: string,
): Promise<void> => {
  for (const release of releasesOf(deps.index, namespace, workload)) {
    if (release.status === undefined || isFinal(release.status.phase)) continue;
    await restoreRoutes(deps, { namespace, workload }, release);
  }
};

/**
 * Releases of a workload that was deleted on its own (`--cascade=orphan`): the garbage collector has only taken the owner
 * off them. They go as with every other deletion, and their canary with them, once the proxies know of the routes. They
 * must: a workload of the same name begins its generations anew, and with them the names of its releases.
 *
 * Resolves with the time until one of them may go; undefined when there are none, and the workload of that uid may be
 * looked at.
 */
export const clearOrphans = async (
  deps: ControllerDependencies,
  place: Place,
  uid: string | undefined,
): Promise<Milliseconds | undefined> => {
  const all = releasesOf(deps.index, place.namespace, place.workload);
  const waits: Milliseconds[] = [];
  for (const release of all.filter((one) => one.spec.workload.uid !== uid && isOrphan(one)))
    waits.push(await clearOrphan(deps, place, release));
  return waits.length === 0 ? undefined : Math.min(...waits);
};

const isOrphan = ({ object: { metadata }, status }: ReleaseObject): boolean =>
  status !== undefined && metadata.deletionTimestamp === undefined && (metadata.ownerReferences ?? []).length === 0;

const clearOrphan = async (
  deps: ControllerDependencies,
  place: Place,
  release: ReleaseObject,
): Promise<Milliseconds> => {
  const { status, spec, name, uid } = release;
  const completedAt = fromRfc3339(status?.completedAt);
  if (completedAt === undefined) {
    await restoreRoutes(deps, place, release);
    await recordAbort(deps, place, release);
    return 0;
  }
  const left = completedAt + deps.policies.planOf(spec).plan.propagationDelay - deps.clock.now();
  if (left > 0) return left;
  await deps.cluster.remove({ gvk: kinds.release, namespace: place.namespace, name }, uid);
  return 0;
};

const recordAbort = async (
  { cluster, clock, log }: ControllerDependencies,
  { namespace, workload }: Place,
  { name, object, status: before }: ReleaseObject,
): Promise<void> => {
  const [now, message] = [clock.now(), 'its workload was deleted and left it behind; it goes, too'];
  const at = toRfc3339(now);
  const ended: ReleaseStatus = {
    ...before,
    phase: 'Aborted',
    message,
    weight: 0,
    ending: { outcome: 'Aborted', reason: 'WorkloadDeleted', message, decidedAt: at },
    phaseEnteredAt: at,
    completedAt: at,
  };
  const status = { ...ended, conditions: [...conditionsFor(ended, now, object.metadata.generation ?? 1)] };
  const body = { status: status as JsonObject };
  await cluster.patch({ gvk: kinds.release, namespace, name }, { type: 'merge', body }, { subresource: 'status' });
  log.info({ namespace, workload, release: name, phase: 'Aborted' }, message);
};

const restoreRoutes = async (
  deps: ControllerDependencies,
  { namespace, workload }: Place,
  release: ReleaseObject,
): Promise<void> => {
  const { provider: name, service } = release.status ?? {};
  if (name === undefined || service === undefined) return;
  const apex = formerApex(deps.cluster, namespace, service);
  const target: Target = {
    namespace,
    workload,
    apex,
    canaryService: canaryServiceName(service),
    release: { name: release.name, uid: release.uid },
  };
  const provider = providerNamed(deps, name);
  if ((await giveBack(deps.cluster, provider.restore(target, liveOf(deps, provider, target)))) === 0) return;
  deps.log.info({ namespace, workload, release: release.name }, 'workload deleted during its release; routes restored');
};

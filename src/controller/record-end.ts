/** A Release that is over when it begins, because its template rolled natively: recorded, told and counted once. */
import type { Deployment, JsonObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { conditionsFor } from '../core/release/conditions.ts';
import { eventsBetween } from '../core/release/release-events.ts';
import { toRfc3339 } from '../values/time.ts';
import type { ReleaseStatus, Release } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';

type About = { readonly workload: Deployment; readonly release: Release };

/** Resolves with the Release as the API server has it now. */
export const recordEnd = async (
  deps: ControllerDependencies,
  about: About,
  end: { readonly phase: 'Skipped' | 'Bypassed'; readonly message: string; readonly reason?: string },
): Promise<Release> => {
  const { namespace = '', name, generation = 1 } = about.release.metadata;
  const now = deps.clock.now();
  const at = toRfc3339(now);
  const { reason, ...over } = end;
  const ended: ReleaseStatus = {
    ...over,
    startedAt: at,
    completedAt: at,
    ...(reason === undefined ? {} : { ending: { outcome: end.phase, reason, message: end.message, at } }),
    observedGeneration: generation,
  };
  const status: ReleaseStatus = { ...ended, conditions: [...conditionsFor(ended, now, generation)] };
  const body = { status: status as JsonObject };
  const ref = { gvk: kinds.release, namespace, name };
  const stored = await deps.cluster.patch(ref, { type: 'merge', body }, { subresource: 'status' });
  tell(deps, about, status);
  return stored;
};

const tell = (deps: ControllerDependencies, { workload, release }: About, status: ReleaseStatus): void => {
  const { namespace = '', name, uid = '' } = workload.metadata;
  const regarding = { ref: { gvk: kinds.deployment, namespace, name }, uid };
  const related = {
    ref: { gvk: kinds.release, namespace, name: release.metadata.name },
    uid: release.metadata.uid ?? '',
  };
  for (const { on: _on, ...tale } of eventsBetween(undefined, status))
    deps.journal.record({ ...tale, regarding, related });
  // There was nothing between beginning and end that could have lasted.
  const key = { namespace, workload: name, release: release.metadata.name };
  deps.metrics.release.end(key, { outcome: status.phase, seconds: Number.NaN });
  deps.log.info({ ...key, phase: status.phase }, status.message ?? status.phase);
};

/** Records, publishes and counts a Release that ends as it begins, because its template rolled natively. */
import type { Deployment, JsonObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { conditionsFor } from '../core/release/conditions.ts';
import { withHistory } from '../core/release/history.ts';
import { readRelease } from './gather.ts';
import { tellHistory } from './tell-history.ts';
import { toRfc3339 } from '../values/time.ts';
import type { ReleaseStatus, Release } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';

type About = { readonly workload: Deployment; readonly release: Release };

/** Resolves to the Release as stored. */
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
    ...(reason === undefined ? {} : { ending: { outcome: end.phase, reason, message: end.message, decidedAt: at } }),
    observedGeneration: generation,
  };
  const described = { ...ended, conditions: [...conditionsFor(ended, now, generation)] };
  const status = withHistory(undefined, described, { now, told: 0 });
  const body = { status: status as JsonObject };
  const ref = { gvk: kinds.release, namespace, name };
  const stored = await deps.cluster.patch(ref, { type: 'merge', body }, { subresource: 'status' });
  tellHistory(deps, readRelease(stored));
  count(deps, about, status);
  return stored;
};

const count = (deps: ControllerDependencies, { workload, release }: About, status: ReleaseStatus): void => {
  const { namespace = '', name } = workload.metadata;
  // Such a release has no duration.
  const key = { namespace, workload: name, release: release.metadata.name };
  deps.metrics.release.end(key, { outcome: status.phase, seconds: Number.NaN });
  deps.log.info({ ...key, phase: status.phase }, status.message ?? status.phase);
};

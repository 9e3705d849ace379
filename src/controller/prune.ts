/** Deletes ended Releases beyond the limit of the policy. */
import { failedTemplates } from '../core/marks/failed-templates.ts';
import { boundMarks } from '../core/marks/marks.ts';
import { prunedOf } from '../core/release/pruning.ts';
import { openRequests, requestsOf } from '../core/requests/release-requests.ts';
import { kinds } from '../schema/kinds.ts';
import { defaults } from '../schema/policy.ts';
import type { Deployment } from '../values/kube-object.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { ReleaseObject } from './gather.ts';

/** Each deletion brings the workload here again: years of history do not hold up what is under way. */
const mostAtOnce = 10;

/** The newest says by which policy the workload is released now. */
const limitOf = (releases: readonly ReleaseObject[]): number =>
  releases.at(-1)?.spec.policy.historyLimit ?? defaults.historyLimit;

/** `releases`: all of the workload, oldest first. */
export const prune = async (
  { cluster }: Pick<ControllerDependencies, 'cluster'>,
  workload: Deployment,
  releases: readonly ReleaseObject[],
): Promise<void> => {
  if (releases.length <= 1) return;
  const { namespace = '', annotations } = workload.metadata;
  const named = new Set([boundMarks(workload)?.release, ...failedTemplates(annotations).map(({ release }) => release)]);
  const all = releases.map(({ name, uid, status, object }) => ({
    name,
    uid,
    status,
    needed: named.has(name) || openRequests(requestsOf(object), status?.acknowledged).length > 0,
  }));
  for (const { name, uid } of prunedOf(all, limitOf(releases)).slice(0, mostAtOnce))
    await cluster.remove({ gvk: kinds.release, namespace, name }, uid);
};

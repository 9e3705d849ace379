/** Tells people of a workload whose release cannot go on because the kind Release is not installed any more. */
import { releasesMissing, withoutReleases } from '../core/release/releases-missing.ts';
import { ClusterError } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import type { Deployment } from '../values/kube-object.ts';
import type { ControllerDependencies } from './dependencies.ts';

/** `error`: why the Release could not be made. The queue goes on trying, and until then a person may decide. */
export const tellIfMissing = (
  { journal }: Pick<ControllerDependencies, 'journal'>,
  workload: Deployment,
  release: string,
  error: unknown,
): void => {
  if (!isKindMissing(error)) return;
  const { namespace = '', name, uid = '' } = workload.metadata;
  journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    type: 'Warning',
    reason: 'ReleasesMissing',
    action: 'CreateRelease',
    note: `${releasesMissing}, so release ${release} cannot go on, and the version before keeps serving. ${withoutReleases(name, namespace)}`,
  });
};

/** Of a missing namespace the API server tells the name. */
const isKindMissing = (error: unknown): boolean =>
  error instanceof ClusterError && error.reason === 'not-found' && error.missing === undefined;

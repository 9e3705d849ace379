/**
 * A fast rollback is no release: nothing is tried out, and `kubectl rollout history` has it. It is told on the workload.
 */
import { knownGoodHashes, readMarks } from '../core/admission/marks.ts';
import { kinds, type Deployment } from '../core/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { marks } from '../schema/annotations.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { releasesOf } from './gather.ts';

/** Tells of a workload that rolls back to a template that is known to be good, when a change says so. */
export const tellRollback = (deps: ControllerDependencies, { type, object, before }: ClusterChange): void => {
  if (type !== 'set' || before === undefined) return;
  const admitted = object.metadata.annotations?.[marks.admitted];
  const wasAdmitted = before.metadata.annotations?.[marks.admitted];
  if (admitted === undefined || wasAdmitted === undefined || admitted === wasAdmitted) return;
  if (!knownGoodHashes(before.metadata.annotations).includes(admitted)) return;
  // The end of a release writes these marks too, and tells of itself.
  if ([before, object].some((one) => readMarks(one.metadata.annotations).release !== undefined)) return;
  record(deps, object as unknown as Deployment, admitted);
};

const record = ({ journal, cluster }: ControllerDependencies, workload: Deployment, hash: string): void => {
  const { namespace = '', name, uid = '' } = workload.metadata;
  const of = releasesOf(cluster, namespace, name, uid).findLast(({ spec }) => spec.templateHash === hash);
  journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    type: 'Normal',
    reason: 'RolledBack',
    action: 'RollBack',
    note: `back to a template that is known to be good${of === undefined ? '' : ` (of release ${of.name})`}: it rolls natively, at once`,
  });
};

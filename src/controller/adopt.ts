/** A marked workload gets its Release: created once, under the name that the webhook put into the mark. */
import { boundMarks, readRequester, type BoundMarks } from '../core/admission/marks.ts';
import { kinds, type Deployment, type KubeObject } from '../core/kube-object.ts';
import { ClusterError } from '../ports/cluster.ts';
import { annotations, marks } from '../schema/annotations.ts';
import { apiVersion } from '../schema/names.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { recordEnd } from './record-end.ts';
import { logRecord, recordOf } from './release-record.ts';
import { attemptOf } from './workload-effects.ts';

/**
 * The Release the marks ask for, created now if it was missing. Undefined when nothing is asked for, or when the user has
 * paused the workload and the release has not been started yet.
 */
export const adoptRelease = async (
  deps: ControllerDependencies,
  workload: Deployment,
): Promise<KubeObject | undefined> => {
  const valid = boundMarks(workload);
  if (valid === undefined || (valid.phase === 'UserPaused' && workload.spec.paused === true)) return undefined;
  const ref = { gvk: kinds.release, namespace: workload.metadata.namespace ?? '', name: valid.release };
  const existing = deps.cluster.get(ref);
  if (existing !== undefined) {
    mustBeOfThisChange(deps, workload, valid, existing);
    return undefined;
  }
  const created = await createRelease(deps, workload, valid.release, wantedSpec(deps, workload));
  return valid.phase === 'Skipped' ? recordSkip(deps, workload, created) : created;
};

/**
 * One of that name is there. What is not of this change was made by somebody else, while no webhook refused it: its
 * policy and its author may be anybody's. Nothing is done in its name.
 */
const mustBeOfThisChange = (
  deps: ControllerDependencies,
  workload: Deployment,
  wanted: BoundMarks,
  existing: KubeObject,
): void => {
  const { workload: of, templateHash } = existing.spec as unknown as ReleaseSpec;
  // One of a deleted namesake is about to be collected, which starts another reconcile.
  if (of.uid !== workload.metadata.uid || templateHash === wanted.releaseHash) return;
  const { namespace = '', name, uid = '' } = workload.metadata;
  const note = `Release ${wanted.release} is not of this change: somebody else has made it. Delete it, and Sluice makes the right one.`;
  deps.journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    type: 'Warning',
    reason: 'ForeignRelease',
    action: 'CreateRelease',
    note,
  });
  throw new ClusterError('conflict', note);
};

/** A Release owned by the workload, with the record of what it changes; the one that is there, when an earlier self was killed after it had made it. */
export const createRelease = async (
  deps: ControllerDependencies,
  workload: Deployment,
  name: string,
  spec: Omit<ReleaseSpec, 'workload' | 'attempt'>,
): Promise<KubeObject> => {
  const object: KubeObject = {
    apiVersion,
    kind: 'Release',
    metadata: {
      name,
      namespace: workload.metadata.namespace ?? '',
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: workload.metadata.name,
          uid: workload.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: {
      workload: { kind: 'Deployment', name: workload.metadata.name, uid: workload.metadata.uid ?? '' },
      attempt: attemptOf(name),
      ...(await recordOf(deps, workload, spec.stableHash)),
      ...spec,
    },
  };
  try {
    const created = await deps.cluster.create(object, kinds.release);
    logRecord(deps, created);
    return created;
  } catch (error) {
    return await existingInstead(deps, object, error);
  }
};

/** Somebody (an earlier self that was killed) has created it; one of a deleted namesake has to be collected first. */
const existingInstead = async (
  deps: ControllerDependencies,
  object: KubeObject,
  error: unknown,
): Promise<KubeObject> => {
  if (!(error instanceof ClusterError) || error.reason !== 'already-exists') throw error;
  const found = await deps.cluster.fetch({
    gvk: kinds.release,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
  });
  const uid = object.metadata.ownerReferences?.[0]?.uid;
  if (found?.metadata.ownerReferences?.some((o) => o.uid === uid) === true) return found;
  throw new ClusterError('conflict', `a Release named ${object.metadata.name} of an earlier workload is still there`, {
    cause: error,
  });
};

/** Admission has accepted the policy; it can only have become unreadable since, and a person has to mend it. */
const policyFor = (
  { policies, journal }: ControllerDependencies,
  workload: Deployment,
): { spec: ReleaseSpec['policy']; name?: string } => {
  const found = policies.ofWorkload(workload);
  if (!('problems' in found)) return found;
  const note = found.problems.join(' ');
  const { namespace = '', name, uid = '' } = workload.metadata;
  journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    type: 'Warning',
    reason: 'PolicyUnreadable',
    action: 'CreateRelease',
    note,
  });
  throw new ClusterError('invalid', `the policy of ${namespace}/${name} cannot be read: ${note}`);
};

const wantedSpec = (deps: ControllerDependencies, workload: Deployment): Omit<ReleaseSpec, 'workload' | 'attempt'> => {
  const own = workload.metadata.annotations ?? {};
  const { spec: policy, name: policyName } = policyFor(deps, workload);
  const requestedBy = readRequester(own[marks.requestedBy]);
  const skip = own[annotations.skip];
  return {
    templateHash: own[marks.releaseHash] ?? '',
    stableHash: own[marks.stableHash] ?? '',
    policy,
    ...(policyName === undefined ? {} : { policyName }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
    ...(own[marks.phase] === 'Skipped' && skip !== undefined ? { reason: skip } : {}),
  };
};

const recordSkip = (deps: ControllerDependencies, workload: Deployment, release: KubeObject): Promise<KubeObject> => {
  const spec = release.spec as unknown as ReleaseSpec;
  const message = `rolled natively at the wish of ${spec.requestedBy?.user ?? 'somebody'}: ${spec.reason ?? 'no reason given'}`;
  return recordEnd(deps, { workload, release }, { phase: 'Skipped', message });
};

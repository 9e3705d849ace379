/** Creates the Release of a marked workload, once, under the name that the webhook put into the mark. */
import { boundMarks, readRequester, recordPhase, type BoundMarks, type RecordPhase } from '../core/marks/marks.ts';
import type { Deployment, KubeObject, Labels } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { nativeEnd, nativeReasons, recordsOf } from '../core/release/native-end.ts';
import { printable } from '../values/printable.ts';
import { record } from '../core/plan/record.ts';
import { ownerOf, type AskedRelease, type ReleaseOwner } from '../core/release/release-owner.ts';
import { ClusterError } from '../ports/cluster.ts';
import { annotations, marks } from '../schema/annotations.ts';
import { apiVersion } from '../schema/names.ts';
import type { Release, ReleaseSpec } from '../schema/release.ts';
import type { WantedPolicy } from '../ports/policies.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { recordEnd } from './record-end.ts';
import { broughtBy, logRecord, recordOf } from './release-record.ts';
import { tellIfMissing } from './tell-missing.ts';
import { attemptOf } from './workload-effects.ts';

/** `created`: the Release that was created just now. `foreign`: name of an existing Release that is not of this change. */
export type Adopted = { readonly created?: Release; readonly foreign?: string };

/**
 * Creates the Release that the marks ask for, if it is missing. Does nothing if the marks ask for none, or if the user
 * paused the workload before the release started.
 */
export const adoptRelease = async (deps: ControllerDependencies, workload: Deployment): Promise<Adopted> => {
  const valid = boundMarks(workload);
  if (valid === undefined || (valid.phase === 'UserPaused' && workload.spec.paused === true)) return {};
  const ref = { gvk: kinds.release, namespace: workload.metadata.namespace ?? '', name: valid.release };
  const existing = deps.cluster.get(ref);
  if (existing !== undefined) return isForeign(deps, workload, valid, existing) ? { foreign: valid.release } : {};
  const created = await createRelease(deps, workload, valid.release, wantedSpec(deps, workload));
  if (valid.phase === 'Skipped') return { created: await recordSkip(deps, workload, created) };
  const native = recordPhase(valid.phase);
  return { created: native === undefined ? created : await recordNative(deps, workload, created, native) };
};

/**
 * Whether the existing Release belongs to somebody else. Never so after a failure: the release wrote that mark itself,
 * and its template hash may differ because the API server has been upgraded since.
 */
const isForeign = (
  deps: ControllerDependencies,
  workload: Deployment,
  marked: BoundMarks,
  existing: Release,
): boolean => {
  if (marked.phase === 'Failed') return false;
  const { releaseHash: templateHash, stableHash } = marked;
  const requestedBy = hasBegun(existing) || marked.phase === 'Skipped' ? undefined : readRequester(marked.requestedBy);
  const whose = whoseIs(deps, workload, existing, {
    templateHash,
    stableHash,
    ...(requestedBy === undefined ? {} : { requestedBy }),
  });
  // The Release of a deleted workload of the same name is garbage-collected soon, which starts another reconcile.
  if (whose === 'foreign') tellForeign(deps, workload, existing);
  return whose === 'foreign';
};

/** Whether the release has started. Its author was compared then, and a later skip puts another author into the mark. */
const hasBegun = ({ status }: Release): boolean => status?.provider !== undefined;

const whoseIs = (
  { cluster }: ControllerDependencies,
  { metadata }: Deployment,
  found: Release,
  asked: Omit<AskedRelease, 'workloadUid'>,
): ReleaseOwner =>
  ownerOf(found, { workloadUid: metadata.uid ?? '', ...asked }, (uid) =>
    cluster.list(kinds.deployment, metadata.namespace ?? '').some((one) => one.metadata.uid === uid),
  );

/** Tells the user about a Release that is in the way. Returns the message. */
const tellForeign = (deps: ControllerDependencies, workload: Deployment, found: KubeObject): string => {
  const { namespace = '', name, uid = '' } = workload.metadata;
  const release = found.metadata.name;
  const note =
    `Release ${release} is not of this change: somebody else has made it, or it was left by an earlier Deployment of this name. ` +
    'Delete it, and Sluice makes the right one.';
  deps.log.warn({ namespace, workload: name, release, reason: 'ForeignRelease' }, note);
  deps.journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    type: 'Warning',
    reason: 'ForeignRelease',
    action: 'CreateRelease',
    note,
  });
  return note;
};

/** Creates a Release owned by the workload. Returns the existing one if a controller was killed just after creating it. */
export const createRelease = async (
  deps: ControllerDependencies,
  workload: Deployment,
  name: string,
  spec: Omit<ReleaseSpec, 'workload' | 'attempt'>,
): Promise<Release> => {
  const object: Release = {
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
    tellIfMissing(deps, workload, name, error);
    return await existingInstead(deps, workload, object, error);
  }
};

/** Accepts a Release that a killed controller created. That of a deleted workload has to be garbage-collected first. */
const existingInstead = async (
  deps: ControllerDependencies,
  workload: Deployment,
  wanted: Release,
  error: unknown,
): Promise<Release> => {
  if (!(error instanceof ClusterError) || error.reason !== 'already-exists') throw error;
  const { namespace = '', name } = wanted.metadata;
  const found = await deps.cluster.fetch({ gvk: kinds.release, namespace, name });
  if (found === undefined) throw error;
  const { templateHash, requestedBy } = wanted.spec;
  const asked = { templateHash, ...(requestedBy === undefined ? {} : { requestedBy }) };
  switch (whoseIs(deps, workload, found, asked)) {
    case 'ours':
      return found;
    case 'earlier':
      throw new ClusterError('conflict', `a Release named ${name} of an earlier workload is still there`, {
        cause: error,
      });
    case 'foreign':
      throw new ClusterError('conflict', tellForeign(deps, workload, found), { cause: error });
  }
};

/**
 * The policy as it is now. If it is missing, or has become invalid since admission, the release stays Pending and reads
 * it again there.
 */
const policyFor = ({ policies }: ControllerDependencies, workload: Deployment): RecordedPolicy => {
  const found = policies.ofWorkload(workload);
  return 'problems' in found ? { policy: {} } : recordedPolicy(found);
};

type RecordedPolicy = Pick<ReleaseSpec, 'policy' | 'plan' | 'policyName'>;

/** The policy as a Release records it. */
export const recordedPolicy = ({ spec: policy, plan, name }: WantedPolicy): RecordedPolicy => ({
  policy,
  plan: record(plan),
  ...(name === undefined ? {} : { policyName: name }),
});

const wantedSpec = (deps: ControllerDependencies, workload: Deployment): Omit<ReleaseSpec, 'workload' | 'attempt'> => {
  const own = workload.metadata.annotations ?? {};
  const { plan, ...policy } = policyFor(deps, workload);
  const requestedBy = readRequester(own[marks.requestedBy]);
  const kept = recordKept(own);
  return {
    templateHash: own[marks.releaseHash] ?? '',
    stableHash: own[marks.stableHash] ?? '',
    ...policy,
    // A mere record never carries out a plan, so it needs none.
    ...(kept.recordOf !== undefined || plan === undefined ? kept : { plan }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
  };
};

/** What the Release records if there is no canary, and why. Only a skip reads the annotation: it may be an old one. */
const recordKept = (own: Labels): Pick<ReleaseSpec, 'recordOf' | 'reason'> => {
  const native = recordPhase(own[marks.phase]);
  if (native !== undefined) return { recordOf: recordsOf[native], reason: nativeReasons[native] };
  if (own[marks.phase] !== 'Skipped') return {};
  const reason = own[annotations.skip];
  return { recordOf: 'skip', ...(reason === undefined ? {} : { reason }) };
};

const recordSkip = (deps: ControllerDependencies, workload: Deployment, release: Release): Promise<Release> => {
  const spec = release.spec;
  const message = `rolled natively at the wish of ${printable(spec.requestedBy?.user ?? 'somebody')}: ${spec.reason ?? 'no reason given'}`;
  return recordEnd(deps, { workload, release }, { phase: 'Skipped', message });
};

const recordNative = (
  deps: ControllerDependencies,
  workload: Deployment,
  release: Release,
  phase: RecordPhase,
): Promise<Release> => {
  const { requestedBy, templateHash } = release.spec;
  const { message, reason } = nativeEnd(phase, requestedBy, broughtBy(deps, workload, templateHash));
  return recordEnd(deps, { workload, release }, { phase: 'Skipped', message, reason });
};

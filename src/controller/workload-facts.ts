/** Reads a workload, its marks and its canary into facts. Pure. */
import { boundMarks, knownGoodHashes, readMarks } from '../core/marks/marks.ts';
import { templateHash } from '../core/template/template-hash.ts';
import type { Deployment, Labels, EndpointSlice } from '../values/kube-object.ts';
import { mayLackInRoll, vanishesInRoll } from '../core/release/roll-strategy.ts';
import type { CanaryFacts, WorkloadFacts } from '../core/release/facts.ts';
import { annotations, marks } from '../schema/annotations.ts';
import { fromRfc3339 } from '../values/time.ts';

export const workloadFacts = (workload: Deployment, optedIn: boolean): WorkloadFacts => {
  const { spec, status } = workload;
  const bound = boundMarks(workload);
  const own = workload.metadata.annotations;
  const skip = own?.[annotations.skip];
  const hash = templateHash(spec.template);
  return {
    templateHash: hash,
    optedIn,
    knownGood: knownGoodHashes(own).includes(hash),
    ...(bound === undefined ? endedBy(own, hash) : { marks: bound }),
    ...(skip === undefined ? {} : { skip }),
    paused: spec.paused === true,
    replicas: spec.replicas ?? 1,
    available: seenLastChange(workload) ? (status?.availableReplicas ?? 0) : 0,
    complete: rolloutComplete(workload),
    ...podsRefused(workload),
    ...progressed(workload),
    timedOut: (status?.conditions ?? []).some(
      (c) => c.type === 'Progressing' && c.reason === 'ProgressDeadlineExceeded',
    ),
    mayLack: mayLackInRoll(workload),
    vanishes: vanishesInRoll(workload),
  };
};

/**
 * The requester who ended a release with this template. Valid only if `admitted` is the hash of the current template. If
 * the marks name a release, the requester belongs to that release instead.
 */
const endedBy = (own: Labels | undefined, hash: string): { readonly endedBy?: string } => {
  const { requestedBy, admitted, release } = readMarks(own);
  return requestedBy === undefined || admitted !== hash || release !== undefined ? {} : { endedBy: requestedBy };
};

const seenLastChange = ({ metadata, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** Decides like `kubectl rollout status`; false while the Deployment controller has not observed the last change. */
const rolloutComplete = (workload: Deployment): boolean => {
  if (!seenLastChange(workload)) return false;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = workload.status ?? {};
  const wanted = workload.spec.replicas ?? 1;
  return updatedReplicas >= wanted && replicas === updatedReplicas && availableReplicas >= wanted;
};

const progressed = ({ status }: Deployment): Pick<WorkloadFacts, 'progressedAt'> => {
  const at = fromRfc3339(status?.conditions?.find(({ type }) => type === 'Progressing')?.lastUpdateTime);
  return at === undefined ? {} : { progressedAt: at };
};

const endpointsOf = (slices: readonly EndpointSlice[]): NonNullable<EndpointSlice['endpoints']> =>
  slices.flatMap(({ endpoints }) => endpoints ?? []);

/** Ready endpoints in the slices of one Service. A terminating endpoint is not ready. */
export const readyEndpoints = (slices: readonly EndpointSlice[]): number => {
  const ready = endpointsOf(slices).filter(({ conditions }) => conditions?.ready !== false);
  return new Set(ready.flatMap(({ addresses }) => addresses)).size;
};

/** Names of the pods behind the endpoints, ready or not. */
export const podNames = (slices: readonly EndpointSlice[]): readonly string[] =>
  endpointsOf(slices).flatMap(({ targetRef }) => (targetRef?.name === undefined ? [] : [targetRef.name]));

const revisionAnnotation = 'deployment.kubernetes.io/revision';

/**
 * Facts about the canary. Behind routes, a ready pod counts only once the endpoints of the canary's Service contain it:
 * before that, no proxy knows it.
 */
export const canaryFacts = (canary: Deployment, slices: readonly EndpointSlice[] | undefined): CanaryFacts => {
  const replicas = canary.spec.replicas ?? 0;
  const ready = readyPods(canary);
  return {
    templateHash: canary.metadata.annotations?.[marks.releaseHash] ?? '',
    replicas,
    ready: slices === undefined ? ready : Math.min(ready, readyEndpoints(slices)),
    ...podsRefused(canary),
    ...(isEdited(canary) ? { edited: true } : {}),
  };
};

/** Whether the template was edited. The Deployment controller counts templates, and Sluice gives a canary only one. */
const isEdited = ({ metadata }: Deployment): boolean => (metadata.annotations?.[revisionAnnotation] ?? '1') !== '1';

/** Cuts the pod's name from the ReplicaSet controller's message: it differs at every attempt. */
const podsRefused = ({ status }: Deployment): { readonly refused?: string } => {
  const failure = status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  return failure === undefined
    ? {}
    : { refused: (failure.message ?? failure.reason ?? '').replace(/^pods "[^"]*" /, 'pods ') };
};

/** A status that is older than the spec may count pods that are about to be removed. */
const readyPods = (canary: Deployment): number => {
  const ready = canary.status?.readyReplicas ?? 0;
  return seenLastChange(canary) ? ready : Math.min(ready, canary.spec.replicas ?? 0);
};

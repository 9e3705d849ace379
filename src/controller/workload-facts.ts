/** Reads a workload, its marks and its canary into facts. Pure. */
import { boundMarks } from '../core/admission/marks.ts';
import { templateHash } from '../core/template/template-hash.ts';
import type { Deployment, KubeObject } from '../core/kube-object.ts';
import type { CanaryFacts, WorkloadFacts } from '../core/release/facts.ts';
import { annotations, marks } from '../schema/annotations.ts';

export const workloadFacts = (workload: Deployment): WorkloadFacts => {
  const { spec, status } = workload;
  const bound = boundMarks(workload);
  const skip = workload.metadata.annotations?.[annotations.skip];
  return {
    templateHash: templateHash(spec.template),
    ...(bound === undefined ? {} : { marks: bound }),
    ...(skip === undefined ? {} : { skip }),
    paused: spec.paused === true,
    replicas: spec.replicas ?? 1,
    available: status?.availableReplicas ?? 0,
    complete: rolloutComplete(workload),
    timedOut: (status?.conditions ?? []).some(
      (c) => c.type === 'Progressing' && c.reason === 'ProgressDeadlineExceeded',
    ),
    recreate: spec.strategy?.['type'] === 'Recreate',
  };
};

/** As `kubectl rollout status` decides it, and only for what the Deployment controller has seen. */
const rolloutComplete = ({ metadata, spec, status }: Deployment): boolean => {
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  return updatedReplicas >= wanted && replicas === updatedReplicas && availableReplicas >= wanted;
};

type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly name?: string };
};

const endpointsOf = (slices: readonly KubeObject[]): readonly Endpoint[] =>
  slices.flatMap((slice) => (slice as KubeObject & { readonly endpoints?: readonly Endpoint[] }).endpoints ?? []);

/** Ready endpoints in the slices of one Service. A terminating endpoint is not ready. */
const readyEndpoints = (slices: readonly KubeObject[]): number => {
  const ready = endpointsOf(slices).filter(({ conditions }) => conditions?.ready !== false);
  return new Set(ready.flatMap(({ addresses }) => addresses)).size;
};

/** Names of the pods behind the endpoints, ready or not. */
export const podNames = (slices: readonly KubeObject[]): readonly string[] =>
  endpointsOf(slices).flatMap(({ targetRef }) => (targetRef?.name === undefined ? [] : [targetRef.name]));

/**
 * What is true of the canary. Behind routes a pod counts when it is published in the canary Service's endpoints too:
 * before that no proxy knows it.
 */
export const canaryFacts = (canary: Deployment, slices: readonly KubeObject[] | undefined): CanaryFacts => {
  const replicas = canary.spec.replicas ?? 0;
  const ready = readyPods(canary);
  return {
    templateHash: canary.metadata.annotations?.[marks.releaseHash] ?? '',
    replicas,
    ready: slices === undefined ? ready : Math.min(ready, readyEndpoints(slices)),
  };
};

/** A status from before the last change of the spec may count pods that are about to go. */
const readyPods = ({ metadata, spec, status }: Deployment): number => {
  const ready = status?.readyReplicas ?? 0;
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return seen ? ready : Math.min(ready, spec.replicas ?? 0);
};

import type { Labels, Pod } from './kube-types.ts';

/** The decision of a scheduler with one node. `leave`: the pod is not this scheduler's. */
export type Decision = 'bind' | 'leave' | { readonly unschedulable: string };

/**
 * Decides about a pod. Only a node selector, a scheduling gate or another scheduler's name prevents its binding. Pure.
 */
export function decidePlacement(pod: Pod, nodeLabels: Labels): Decision {
  const { spec, metadata } = pod;
  if (spec.nodeName !== undefined || metadata.deletionTimestamp !== undefined) return 'leave';
  if ((spec.schedulerName ?? 'default-scheduler') !== 'default-scheduler') return 'leave';
  if ((spec.schedulingGates ?? []).length > 0) return 'leave';
  const wanted = Object.entries(spec.nodeSelector ?? {});
  if (wanted.every(([key, value]) => nodeLabels[key] === value)) return 'bind';
  return { unschedulable: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." };
}

/** Whether the pod's status already says that it is unschedulable for this reason. */
export function saysUnschedulable(pod: Pod, message: string): boolean {
  const condition = pod.status?.conditions?.find((each) => each.type === 'PodScheduled');
  return condition?.status === 'False' && condition.message === message;
}

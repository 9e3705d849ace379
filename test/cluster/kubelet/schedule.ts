import type { Labels, Pod } from './kube-types.ts';

/** What a scheduler with one node decides about a pod; `leave` where the pod is somebody else's. */
export type Decision = 'bind' | 'leave' | { readonly unschedulable: string };

/** Places a pod: only a node selector, a scheduling gate or another scheduler's name keep it from the node. Pure. */
export function decidePlacement(pod: Pod, nodeLabels: Labels): Decision {
  const { spec, metadata } = pod;
  if (spec.nodeName !== undefined || metadata.deletionTimestamp !== undefined) return 'leave';
  if ((spec.schedulerName ?? 'default-scheduler') !== 'default-scheduler') return 'leave';
  if ((spec.schedulingGates ?? []).length > 0) return 'leave';
  const wanted = Object.entries(spec.nodeSelector ?? {});
  if (wanted.every(([key, value]) => nodeLabels[key] === value)) return 'bind';
  return { unschedulable: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." };
}

/** Whether a pod's object already says that it cannot be placed for this reason. */
export function saysUnschedulable(pod: Pod, message: string): boolean {
  const condition = pod.status?.conditions?.find((each) => each.type === 'PodScheduled');
  return condition?.status === 'False' && condition.message === message;
}

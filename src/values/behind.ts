/** Which workloads stand behind a Service, told from their Deployments alone. */
import type { Labels } from './kube-object.ts';

/** Another Deployment whose pods a Service selects. */
export type Neighbour = {
  readonly name: string;
  /** Of its pods. */
  readonly labels: Labels;
  /** Pods that it is to have. */
  readonly replicas: number;
  readonly ready: number;
};

/** The workload's own pods, and everybody else's behind the same Service. */
export type Behind = {
  /** Of the pods of its present template. */
  readonly labels: Labels;
  /** What it selects its pods by: the same for all of them, whatever their template. */
  readonly selector: Labels;
  readonly others: readonly Neighbour[];
};

/** Whether pods with these labels are selected. */
export const fits = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

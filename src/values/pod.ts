/** A pod, as far as Sluice looks at it: what keeps it from being ready. */
import type { Condition, Json, ObjectMeta } from './kube-object.ts';

export type ContainerWaiting = { readonly reason?: string; readonly message?: string };
export type ContainerEnded = { readonly exitCode?: number; readonly reason?: string; readonly message?: string };

export type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: ContainerWaiting;
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: ContainerEnded;
  };
  readonly lastState?: { readonly terminated?: ContainerEnded };
};

export type PodStatus = {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
};

export type Pod = {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly readinessGates?: readonly { readonly conditionType: string }[];
    readonly [key: string]: Json | undefined;
  };
  readonly status?: PodStatus;
};

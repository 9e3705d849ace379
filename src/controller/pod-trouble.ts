/** Why canary pods are not ready, in the words of their containers: a live read at the rare moment of failure. */
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { PodTrouble } from '../core/release/facts.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Gathered } from './gather.ts';

const maxPods = 10;
const maxMessage = 1024;

type Waiting = { readonly reason?: string; readonly message?: string };
type Terminated = { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: Waiting; readonly terminated?: Terminated };
  readonly lastState?: { readonly terminated?: Terminated };
};
type PodCondition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
};
type PodStatus = {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
};

/** Pods of the canary that are not ready. None at all (a quota, an admission webhook) is told from the Deployment's conditions. */
export const podTrouble = async (cluster: Cluster, { canary, workload }: Gathered): Promise<readonly PodTrouble[]> => {
  const { deployment } = canary;
  if (deployment === undefined) return [];
  const pods = await cluster.fetchList(
    kinds.pod,
    workload.metadata.namespace ?? '',
    deployment.spec.selector.matchLabels ?? {},
  );
  const troubled = pods.flatMap((pod) => troubleOf(pod)).slice(0, maxPods);
  if (troubled.length > 0) return troubled;
  const failure = deployment.status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
  return failure === undefined
    ? []
    : [{ name: deployment.metadata.name, reason: failure.reason ?? 'ReplicaFailure', ...messageOf(failure.message) }];
};

const messageOf = (message: string | undefined): { message?: string } =>
  message === undefined || message === '' ? {} : { message: message.trim().slice(-maxMessage) };

const troubleOf = (pod: KubeObject): readonly PodTrouble[] => {
  const status = ((pod as unknown as JsonObject)['status'] ?? {}) as unknown as PodStatus;
  if (status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true) return [];
  const container = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find(
    (c) => c.ready !== true,
  );
  return [{ name: pod.metadata.name, ...(container === undefined ? podWords(status) : containerWords(container)) }];
};

const podWords = (status: PodStatus): Omit<PodTrouble, 'name'> => {
  const unscheduled = status.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  return {
    reason: unscheduled?.reason ?? status.reason ?? status.phase ?? 'Unknown',
    ...messageOf(unscheduled?.message ?? status.message),
  };
};

const containerWords = ({ state, lastState, restartCount = 0 }: ContainerStatus): Omit<PodTrouble, 'name'> => {
  const last = state?.terminated ?? lastState?.terminated;
  const waiting = state?.waiting;
  const words = last === undefined ? (waiting?.message ?? 'the readiness probe does not pass') : lastWords(last);
  return {
    reason: waiting?.reason ?? endedBy(last, restartCount),
    ...messageOf(words),
    restarts: restartCount,
  };
};

/** Between the end of a container and its next wait the kubelet does not call it what it is. */
const endedBy = (last: Terminated | undefined, restarts: number): string => {
  if (restarts > 0 && last?.exitCode !== undefined && last.exitCode !== 0) return 'CrashLoopBackOff';
  return last?.reason ?? 'NotReady';
};

const lastWords = ({ exitCode, message = '' }: Terminated): string =>
  `exit code ${exitCode ?? '?'}${message === '' ? '' : `: ${message.trim()}`}`;

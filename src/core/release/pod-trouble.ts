/** Finds out why a pod is not ready, from the messages of the scheduler, the kubelet and its containers. */
import type { Trouble } from '../../schema/waiting-reasons.ts';
import type { ContainerEnded, ContainerStatus, Pod, PodStatus } from '../../values/pod.ts';
import type { PodTrouble } from './facts.ts';

const longestMessage = 1024;

type Words = Omit<PodTrouble, 'name'>;

/** Undefined if the pod is ready or is being deleted. */
export const troubleOf = ({ metadata, spec, status = {} }: Pod): PodTrouble | undefined => {
  if (metadata.deletionTimestamp !== undefined || holds(status, 'Ready')) return undefined;
  const words =
    podFailed(status) ?? unscheduled(status) ?? initWords(status) ?? mainWords(status) ?? gateWords(status, spec);
  return { name: metadata.name, ...(words ?? starting(status)) };
};

const holds = ({ conditions = [] }: PodStatus, type: string): boolean =>
  conditions.some((one) => one.type === type && one.status === 'True');

const messageOf = (message: string | undefined): { message?: string } =>
  message === undefined || message.trim() === '' ? {} : { message: message.trim().slice(-longestMessage) };

/** A pod that was evicted, or that its node refused. */
const podFailed = ({ phase, reason, message }: PodStatus): Words | undefined =>
  phase === 'Failed' ? { trouble: 'PodFailed', reason: reason ?? 'Failed', ...messageOf(message) } : undefined;

const unscheduled = ({ conditions = [] }: PodStatus): Words | undefined => {
  const found = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return found && { trouble: 'Unschedulable', reason: found.reason ?? 'Unschedulable', ...messageOf(found.message) };
};

/** Init containers run one after the other, so the first one that is not done explains why the pod waits. */
const initWords = (status: PodStatus): Words | undefined => {
  const { initContainerStatuses: all = [], conditions = [] } = status;
  const undone = all.find(({ ready }) => ready !== true);
  if (undone === undefined) return undefined;
  const isInitialized = !conditions.some((one) => one.type === 'Initialized' && one.status === 'False');
  // Once the pod is initialized, only a sidecar (an init container that keeps running) can be unready.
  const words = containerWords(undone, isInitialized ? 'ReadinessProbeFailing' : 'InitContainerRunning');
  if (words.trouble === 'PodStarting') return starting(status);
  const trouble = words.trouble === 'CrashLoopBackOff' ? 'InitContainerFailed' : words.trouble;
  const which = `init container "${undone.name}"`;
  const message = isInitialized || words.message !== unready ? words.message : 'is not done yet';
  return { ...words, trouble, ...messageOf(message === undefined ? which : `${which}: ${message}`) };
};

const mainWords = (status: PodStatus): Words | undefined => {
  const all = status.containerStatuses ?? [];
  // The container with the worst trouble: a sidecar that starts must not hide a program that crashes.
  const words = all.filter(({ ready }) => ready !== true).map((one) => containerWords(one, 'ReadinessProbeFailing'));
  const [worst] = words.toSorted((a, b) => rank(a) - rank(b));
  return worst?.trouble === 'PodStarting' ? starting(status) : worst;
};

const rank = ({ trouble }: Words): number => {
  if (trouble === 'PodStarting') return 2;
  return trouble === 'ReadinessProbeFailing' ? 1 : 0;
};

const gateWords = ({ conditions = [] }: PodStatus, spec: Pod['spec']): Words | undefined => {
  const unmet = spec?.readinessGates?.find(
    ({ conditionType }) => !conditions.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  if (unmet === undefined) return undefined;
  const { conditionType: gate } = unmet;
  const said = conditions.find(({ type }) => type === gate);
  const words = said?.message ?? said?.reason;
  const message = `readiness gate "${gate}" is not met${words === undefined || words === '' ? '' : `: ${words}`}`;
  return { trouble: 'ReadinessGateNotMet', reason: 'ReadinessGatesNotReady', message };
};

/** A pod that starts. Only an event of the kubelet says which volume it waits for. */
const starting = (status: PodStatus): Words => {
  const { conditions = [], phase = 'Unknown' } = status;
  const unmounted = conditions.some((one) => one.type === 'PodReadyToStartContainers' && one.status === 'False');
  const message = unmounted
    ? 'its volumes or its network are not there yet; kubectl describe pod says which'
    : 'not started yet';
  return { trouble: 'PodStarting', reason: unmounted ? 'ContainerCreating' : phase, message };
};

const unready = 'the readiness probe does not pass';

const troublesOfWaiting: Readonly<Record<string, Trouble>> = {
  ContainerCreating: 'PodStarting',
  PodInitializing: 'PodStarting',
  ErrImagePull: 'ImagePullBackOff',
  ImagePullBackOff: 'ImagePullBackOff',
  ErrImageNeverPull: 'ImagePullBackOff',
  InvalidImageName: 'ImagePullBackOff',
  ImageInspectError: 'ImagePullBackOff',
  RegistryUnavailable: 'ImagePullBackOff',
  SignatureValidationFailed: 'ImagePullBackOff',
  CreateContainerConfigError: 'CreateContainerConfigError',
};

/** `running`: the trouble to report for a container that runs but is not ready. */
const containerWords = (container: ContainerStatus, running: Trouble): Words => {
  const { state, lastState, restartCount: restarts = 0 } = container;
  const waiting = state?.waiting;
  const last = state?.terminated ?? lastState?.terminated;
  if (last !== undefined && waiting?.reason !== 'CreateContainerConfigError')
    return { trouble: 'CrashLoopBackOff', reason: endedBy(container, last), ...messageOf(lastWords(last)), restarts };
  if (waiting === undefined)
    return { trouble: running, reason: 'NotReady', message: runningWords(container), restarts };
  const { reason = 'Waiting', message } = waiting;
  return { trouble: waitsFor(reason), reason, ...messageOf(message), restarts };
};

const waitsFor = (reason: string): Trouble => {
  if (reason === 'CrashLoopBackOff') return reason;
  return troublesOfWaiting[reason] ?? 'CreateContainerError';
};

const runningWords = ({ started }: ContainerStatus): string =>
  started === false ? 'the startup probe has not passed yet' : unready;

/** The reason for a container that has ended. Before the kubelet reports a back-off, a repeated crash counts as one. */
const endedBy = ({ state, restartCount = 0 }: ContainerStatus, { exitCode = 0, reason }: ContainerEnded): string => {
  if (state?.waiting?.reason !== undefined) return state.waiting.reason;
  if (restartCount > 0 && exitCode !== 0) return 'CrashLoopBackOff';
  return reason ?? 'NotReady';
};

const lastWords = ({ exitCode, reason, message = '' }: ContainerEnded): string => {
  const why = reason === undefined || reason === 'Error' || reason === 'Completed' ? '' : `, ${reason}`;
  return `exit code ${exitCode ?? '?'}${why}${message.trim() === '' ? '' : `: ${message.trim()}`}`;
};

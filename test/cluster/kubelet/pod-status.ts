import type { ContainerState, ContainerView } from './container-view.ts';
import type { Condition } from './kube-types.ts';

/** The data from which a pod's status is computed. */
export interface PodView {
  readonly restartPolicy: string;
  readonly init: readonly ContainerView[];
  /** Init containers that keep running (`restartPolicy: Always`). */
  readonly sidecars: ReadonlySet<string>;
  readonly containers: readonly ContainerView[];
  readonly podIP: string;
  readonly hostIP: string;
  readonly startedAt: number;
  readonly readinessGates: readonly string[];
  /** The pod's conditions in the API server, for transition times and readiness gates. */
  readonly conditions: readonly Condition[];
}

export interface RenderedStatus {
  readonly phase: string;
  readonly conditions: readonly Condition[];
  readonly [field: string]: unknown;
}

/** The status of a pod as the kubelet writes it. `now` is in milliseconds since the epoch. Pure. */
export function renderPodStatus(view: PodView, now: number): RenderedStatus {
  const phase = podPhase(view);
  return {
    phase,
    conditions: conditionsOf(view, phase, now),
    hostIP: view.hostIP,
    hostIPs: [{ ip: view.hostIP }],
    podIP: view.podIP,
    podIPs: [{ ip: view.podIP }],
    startTime: instant(view.startedAt),
    containerStatuses: view.containers.map(renderContainer),
    ...(view.init.length === 0 ? {} : { initContainerStatuses: view.init.map(renderContainer) }),
  };
}

/** The phase that follows from the containers, by the real kubelet's rules. */
export function podPhase(view: PodView): string {
  if (view.init.some((each) => initFailed(each, view))) return 'Failed';
  if (!initialized(view)) return 'Pending';
  const states = view.containers.map((each) => each.state.kind);
  if (view.containers.some((each) => each.state.kind === 'waiting' && each.last === undefined)) return 'Pending';
  const sidecarRuns = view.init.some((each) => view.sidecars.has(each.name) && each.state.kind === 'running');
  if (states.includes('running') || sidecarRuns || view.restartPolicy === 'Always') return 'Running';
  const codes = view.containers.map((each) => exitCode(each));
  if (codes.every((code) => code === 0)) return 'Succeeded';
  return view.restartPolicy === 'Never' ? 'Failed' : 'Running';
}

/** Whether every init container has succeeded or, if it is a sidecar, has started. */
export function initialized(view: Pick<PodView, 'init' | 'sidecars'>): boolean {
  return view.init.every((each) =>
    view.sidecars.has(each.name) ? each.started || exitCode(each) !== undefined : exitCode(each) === 0,
  );
}

function initFailed(view: ContainerView, pod: PodView): boolean {
  if (pod.sidecars.has(view.name) || pod.restartPolicy !== 'Never') return false;
  return view.state.kind === 'terminated' && view.state.exitCode !== 0;
}

function exitCode(view: ContainerView): number | undefined {
  if (view.state.kind === 'terminated') return view.state.exitCode;
  return view.state.kind === 'waiting' ? view.last?.exitCode : undefined;
}

type Fact = Omit<Condition, 'lastTransitionTime'>;

function conditionsOf(view: PodView, phase: string, now: number): Condition[] {
  const serving = [...view.containers, ...view.init.filter((each) => view.sidecars.has(each.name))];
  const unready = serving.filter((each) => !each.ready).map((each) => each.name);
  const waiting = view.init.filter((each) => exitCode(each) !== 0 && !view.sidecars.has(each.name));
  const containers = containersReady(phase, unready);
  const facts: Fact[] = [
    { type: 'PodReadyToStartContainers', status: 'True' },
    initialized(view)
      ? { type: 'Initialized', status: 'True' }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${waiting.map((each) => each.name).join(' ')}]`,
        },
    { type: 'ContainersReady', ...containers },
    { type: 'Ready', ...gated(containers, view) },
  ];
  return facts.map((fact) => ({ ...fact, lastTransitionTime: transitionTime(fact, view.conditions, now) }));
}

function containersReady(phase: string, unready: readonly string[]): Omit<Fact, 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (unready.length === 0) return { status: 'True' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function gated(containers: Omit<Fact, 'type'>, view: PodView): Omit<Fact, 'type'> {
  if (containers.status !== 'True') return containers;
  const closed = view.readinessGates.filter((gate) => view.conditions.find((c) => c.type === gate)?.status !== 'True');
  if (closed.length === 0) return containers;
  const message = `the status of pod readiness gate "${closed.join('", "')}" is not "True"`;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message };
}

function transitionTime(fact: Fact, before: readonly Condition[], now: number): string {
  const old = before.find((each) => each.type === fact.type);
  return old?.status === fact.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : instant(now);
}

function renderContainer(view: ContainerView): object {
  return {
    name: view.name,
    image: view.image,
    imageID: '',
    ready: view.ready,
    started: view.started,
    restartCount: view.restartCount,
    state: renderState(view.state),
    lastState: view.last === undefined ? {} : renderState(view.last),
  };
}

function renderState(state: ContainerState): object {
  if (state.kind === 'waiting') {
    return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
  }
  if (state.kind === 'running') return { running: { startedAt: instant(state.startedAt) } };
  const { kind: _kind, startedAt, finishedAt, ...rest } = state;
  return { terminated: { ...rest, startedAt: instant(startedAt), finishedAt: instant(finishedAt) } };
}

/** Formats a time in whole seconds, since Kubernetes drops the fraction. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

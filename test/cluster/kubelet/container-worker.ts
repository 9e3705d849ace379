import type { EnvResult, Env } from './container-env.ts';
import { ContainerProcess } from './container-process.ts';
import type { Exit, Launch } from './container-process.ts';
import { notStarted } from './container-view.ts';
import type { ContainerView, Terminated } from './container-view.ts';
import { commandLine, pullError, resolveImage } from './image.ts';
import type { Container } from './kube-types.ts';
import type { Leftovers } from './leftovers.ts';
import { pause } from '../pause.ts';
import { ContainerProbes } from './container-probes.ts';
import { forgetsRestarts, isRestarted, restartDelay } from './restart.ts';
import { runAction } from './run-action.ts';
import type { ActionTarget } from './run-action.ts';
import { readTerminationMessage } from './termination-message.ts';

/** A container's view of its pod. */
export interface ContainerSurroundings {
  readonly podIP: string;
  readonly testapp: string;
  readonly leftovers: Leftovers;
  readonly restartPolicy: string;
  readonly backoffMs: number;
  /** `<pod>_<namespace>(<uid>)`, as the kubelet names a pod in its messages. */
  readonly podLabel: string;
  readonly graceMs: () => number;
  /** The current container spec; its image may change during the pod's life. */
  readonly current: () => Container;
  readonly environment: (container: Container) => EnvResult;
  readonly launch: (container: Container, argv: readonly string[], env: Env) => Promise<Launch>;
  readonly messageFile: string;
  /** Resolves when a ConfigMap or Secret of the pod has changed. */
  readonly dataChanged: (signal: AbortSignal) => Promise<void>;
  readonly changed: () => void;
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

interface Plan {
  readonly container: Container;
  readonly argv: readonly string[];
  readonly env: Env;
}

// As in the real kubelet, the process gets at least this long even if the preStop hook used up the grace period.
const LEAST_TERM_MS = 2_000;

/** Runs a container, with restarts according to its policy, until it is stopped. */
export class ContainerWorker {
  readonly #pod: ContainerSurroundings;
  readonly #stop = new AbortController();
  readonly #startedOnce = Promise.withResolvers<undefined>();
  #view: ContainerView;
  #process: ContainerProcess | undefined;
  #target: ActionTarget | undefined;
  #killedByProbe = false;
  #restarts = 0;

  constructor(pod: ContainerSurroundings, before?: ContainerView) {
    this.#pod = pod;
    this.#view = before ?? notStarted(pod.current().name, pod.current().image);
  }

  get view(): ContainerView {
    return this.#view;
  }

  /** Resolves when the container has first passed its startup probe (or runs without one), or has ended. */
  get startedOnce(): Promise<undefined> {
    return this.#startedOnce.promise;
  }

  /** Resolves when the container has ended for good. */
  async run(): Promise<void> {
    const endedBefore = this.#view.state.kind === 'terminated';
    try {
      if (endedBefore) return;
      while (!this.#isStopping()) {
        const plan = await this.#plan();
        if (plan === undefined) break;
        if (!(await this.#runOnce(plan))) break;
        await this.#backOff();
      }
    } finally {
      this.#startedOnce.resolve(undefined);
    }
  }

  /**
   * Stops the container: preStop hook, SIGTERM, and SIGKILL when `kill` aborts. Returns at once; `run` resolves at the
   * end.
   */
  stop(kill: AbortSignal): void {
    if (this.#isStopping()) return;
    this.#stop.abort();
    const running = this.#process;
    if (running === undefined) return;
    void this.#terminate(running, kill);
  }

  /** Kills the process at once, without hooks or grace period. */
  kill(): void {
    this.#stop.abort();
    this.#process?.kill();
  }

  /** Waits until the container can be created, that is, its image and everything its environment refers to exist. */
  async #plan(): Promise<Plan | undefined> {
    for (let pulls = 0; !this.#isStopping();) {
      const container = this.#pod.current();
      const image = resolveImage(container.image);
      if (image.kind === 'absent') {
        await this.#pullFails(container.image, pulls++);
        continue;
      }
      const environment = this.#pod.environment(container);
      if ('missing' in environment) {
        await this.#waitForData(environment.missing);
        continue;
      }
      const argv = commandLine(image, container, environment.env);
      if (argv.length > 0) return { container, argv, env: environment.env };
      this.#show({ state: { kind: 'waiting', reason: 'CreateContainerError', message: 'no command specified' } });
      await pause(this.#pod.backoffMs, this.#stop.signal);
    }
    return undefined;
  }

  async #pullFails(image: string, pulls: number): Promise<void> {
    const message = pullError(image);
    this.#show({ image, state: { kind: 'waiting', reason: 'ErrImagePull', message } });
    this.#pod.event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
    await pause(this.#pod.backoffMs / 10, this.#stop.signal);
    const off = `Back-off pulling image "${image}"`;
    this.#show({ state: { kind: 'waiting', reason: 'ImagePullBackOff', message: `${off}: ErrImagePull: ${message}` } });
    this.#pod.event('Normal', 'BackOff', off);
    await pause(restartDelay(pulls + 1, this.#pod.backoffMs), this.#stop.signal);
  }

  async #waitForData(message: string): Promise<void> {
    this.#show({ state: { kind: 'waiting', reason: 'CreateContainerConfigError', message } });
    this.#pod.event('Warning', 'Failed', `Error: ${message}`);
    await this.#pod.dataChanged(this.#stop.signal);
  }

  /** Runs the container once; resolves to whether it must be restarted. */
  async #runOnce(plan: Plan): Promise<boolean> {
    const { container } = plan;
    const launch = await this.#pod.launch(container, plan.argv, plan.env);
    if (this.#isStopping()) return false;
    const running = new ContainerProcess(launch, this.#pod.testapp, this.#pod.leftovers);
    this.#process = running;
    this.#killedByProbe = false;
    const enter = launch.mounts.length === 0 ? [] : ['nsenter', `--mount=/proc/${running.pid ?? 0}/ns/mnt`];
    this.#target = { container, podIP: this.#pod.podIP, env: plan.env, enter };
    const probes = new ContainerProbes(container, this.#target, running.startedAt, {
      onStarted: () => {
        this.#show({ started: true });
        this.#startedOnce.resolve(undefined);
      },
      onReady: (ready) => this.#show({ ready }),
      onUnhealthy: (message) => this.#pod.event('Warning', 'Unhealthy', message),
      onDead: (message) => this.#killForProbe(running, container, message),
    });
    this.#show({ image: container.image, state: { kind: 'running', startedAt: running.startedAt } });
    void this.#postStart(running);
    probes.start(this.#stop.signal);
    const exit = await running.exited;
    probes.end();
    this.#process = undefined;
    await this.#ended(exit, running);
    if (this.#isStopping()) return false;
    return this.#isRestarted(exit.code);
  }

  // A container that failed its probe is restarted even if it exits with 0 on SIGTERM.
  #isRestarted(exitCode: number): boolean {
    const policy = this.#pod.restartPolicy;
    return this.#killedByProbe ? policy !== 'Never' : isRestarted(policy, exitCode);
  }

  #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  async #postStart(running: ContainerProcess): Promise<void> {
    const hook = this.#target?.container.lifecycle?.postStart;
    if (hook === undefined || this.#target === undefined) return;
    const { ok, output } = await runAction(hook, this.#target, this.#pod.graceMs());
    if (ok) return;
    this.#pod.event('Warning', 'FailedPostStartHook', output);
    running.kill();
  }

  #killForProbe(running: ContainerProcess, container: Container, why: string): void {
    if (this.#killedByProbe || this.#isStopping()) return;
    this.#killedByProbe = true;
    this.#pod.event('Normal', 'Killing', `Container ${container.name} failed ${why}, will be restarted`);
    const own = container.livenessProbe?.terminationGracePeriodSeconds;
    void this.#terminate(running, AbortSignal.timeout(own === undefined ? this.#pod.graceMs() : own * 1000));
  }

  async #terminate(running: ContainerProcess, kill: AbortSignal): Promise<void> {
    const hook = this.#target?.container.lifecycle?.preStop;
    const ended = running.exited.then(() => undefined);
    if (hook !== undefined && this.#target !== undefined) {
      const done = runAction(hook, this.#target, this.#pod.graceMs());
      const result = await Promise.race([done, ended, fired(kill)]);
      if (result?.ok === false) this.#pod.event('Warning', 'FailedPreStopHook', result.output);
    }
    const least = kill.aborted ? pause(LEAST_TERM_MS) : fired(kill);
    running.signal('SIGTERM');
    await Promise.race([ended, least]);
    running.kill();
  }

  async #ended(exit: Exit, running: ContainerProcess): Promise<void> {
    const message = await readTerminationMessage(this.#pod.messageFile, this.#pod.current(), exit.code, () =>
      running.lastLines(),
    );
    const state: Terminated = {
      kind: 'terminated',
      exitCode: exit.code,
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
      reason: reasonOf(exit),
      ...(message === '' ? {} : { message }),
      startedAt: running.startedAt,
      finishedAt: exit.at,
    };
    if (forgetsRestarts(exit.at - running.startedAt, this.#pod.backoffMs)) this.#restarts = 0;
    this.#show({ state, ready: false, started: false });
  }

  async #backOff(): Promise<void> {
    const { state, restartCount } = this.#view;
    const last = state.kind === 'terminated' ? { last: state } : {};
    const delay = restartDelay(this.#restarts++, this.#pod.backoffMs);
    if (delay > 0) {
      const container = this.#pod.current().name;
      const message = `back-off ${delay / 1000}s restarting failed container=${container} pod=${this.#pod.podLabel}`;
      this.#show({ state: { kind: 'waiting', reason: 'CrashLoopBackOff', message }, ...last });
      const event = `Back-off restarting failed container ${container} in pod ${this.#pod.podLabel}`;
      this.#pod.event('Warning', 'BackOff', event);
      await pause(delay, this.#stop.signal);
    }
    if (!this.#isStopping()) this.#view = { ...this.#view, ...last, restartCount: restartCount + 1 };
  }

  #show(change: Partial<ContainerView>): void {
    this.#view = { ...this.#view, ...change };
    this.#pod.changed();
  }
}

function reasonOf(exit: Exit): string {
  if (exit.outOfMemory) return 'OOMKilled';
  if (exit.code === 128) return 'StartError';
  return exit.code === 0 ? 'Completed' : 'Error';
}

function fired(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}

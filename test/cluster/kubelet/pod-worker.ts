import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bell } from './bell.ts';
import { resolveEnv } from './container-env.ts';
import type { Lookup } from './container-env.ts';
import { baseEnv, messageFile, prepareLaunch } from './container-launch.ts';
import type { LaunchSite, PodDirs } from './container-launch.ts';
import { ContainerWorker } from './container-worker.ts';
import type { DataHold } from './data-watch.ts';
import type { PodFacts } from './downward.ts';
import type { Condition, Container, Pod, PodId } from './kube-types.ts';
import { podId, podSlug } from './kube-types.ts';
import { testappPath } from './node-context.ts';
import type { NodeContext } from './node-context.ts';
import { removePod } from './pod-api.ts';
import { podReferences } from './pod-references.ts';
import { initialized, renderPodStatus } from './pod-status.ts';
import type { PodView } from './pod-status.ts';
import { PodVolumes } from './pod-volumes.ts';
import { viewBefore } from './restored-view.ts';
import { StatusWriter } from './status-writer.ts';

// A pod that starts faster than this gets no separate write for "ContainerCreating".
const CREATING_MS = 300;
// Volumes wait for their objects by watch; only refused token requests are retried on a timer.
const VOLUME_RETRY_MS = 2_000;
const DEFAULT_GRACE_SECONDS = 30;

/** A pod on this node, from its binding until its object is gone. */
export class PodWorker {
  readonly id: PodId;
  readonly #node: NodeContext;
  readonly #address: string;
  readonly #dirs: PodDirs;
  readonly #startedAt: number;
  readonly #hold: DataHold;
  readonly #volumes: PodVolumes;
  readonly #status: StatusWriter;
  readonly #dataChanged = new Bell();
  readonly #stopping = new AbortController();
  readonly #kill = new AbortController();
  readonly #init: readonly ContainerWorker[];
  readonly #containers: readonly ContainerWorker[];
  readonly #sidecars: ReadonlySet<string>;
  #pod: Pod;
  #conditions: readonly Condition[];
  #killTimer: NodeJS.Timeout | undefined;
  #life: Promise<void> = Promise.resolve();
  #removal: Promise<void> | undefined;

  constructor(pod: Pod, node: NodeContext) {
    this.id = podId(pod);
    this.#node = node;
    this.#pod = pod;
    this.#conditions = pod.status?.conditions ?? [];
    this.#startedAt = Date.parse(pod.status?.startTime ?? '') || Date.now();
    this.#address = claimAddress(pod, node);
    const logs = join(node.workDir, podSlug(this.id));
    this.#dirs = { logs, own: join(logs, `.pod-${this.id.uid}`) };
    this.#hold = node.data.hold(podReferences(pod), () => this.#onData());
    const facts = (): PodFacts => this.#facts();
    const lookup: Lookup = (kind, name) => this.#hold.lookup(kind, name);
    this.#volumes = new PodVolumes(node.api, join(this.#dirs.own, 'volumes'), facts, lookup);
    const initContainers = pod.spec.initContainers ?? [];
    this.#sidecars = new Set(initContainers.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
    this.#init = initContainers.map((container) => this.#worker(container, 'init'));
    this.#containers = pod.spec.containers.map((container) => this.#worker(container, 'main'));
    const render = () => renderPodStatus(this.#view(), Date.now());
    this.#status = new StatusWriter(node.api, this.id, render, (own) => this.#onWritten(own));
  }

  /** Starts the pod. Returns at once and never throws. */
  start(): void {
    this.#status.touch(CREATING_MS);
    this.#life = this.#live().catch((error: unknown) => {
      this.#event('Warning', 'FailedCreatePodContainer', String(error));
      console.error(`${podSlug(this.id)}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
    });
  }

  /** Handles a newer state of the pod object; stops the pod if it is being deleted. */
  update(pod: Pod): void {
    const before = this.#pod.metadata;
    this.#pod = pod;
    this.#conditions = pod.status?.conditions ?? [];
    if (pod.metadata.deletionTimestamp !== undefined) this.#terminate();
    else if (differs(before, pod.metadata)) void this.#volumes.refresh();
    if ((pod.spec.readinessGates ?? []).length > 0) this.#status.touch();
  }

  /** The pod object is gone: removes everything of the pod, and resolves when that is done. */
  async vanish(): Promise<void> {
    this.killNow();
    await this.#life;
    this.#cleanUp();
    await rm(this.#dirs.own, { recursive: true, force: true });
  }

  /** Kills every process at once. */
  killNow(): void {
    this.#stopping.abort();
    [...this.#init, ...this.#containers].forEach((worker) => worker.kill());
  }

  async #live(): Promise<void> {
    await this.#hold.ready;
    await this.#mountVolumes();
    const sidecarRuns: Promise<void>[] = [];
    if (await this.#runInit(sidecarRuns)) {
      await Promise.all(this.#containers.map((worker) => worker.run()));
    }
    // The containers have ended or were stopped; sidecars are always stopped last.
    this.#armKill();
    this.#sidecarWorkers().forEach((worker) => worker.stop(this.#kill.signal));
    await Promise.all(sidecarRuns);
    clearTimeout(this.#killTimer);
    await this.#status.flush();
  }

  async #mountVolumes(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const problem = await this.#volumes.prepare().catch((error: unknown) => String(error));
      if (problem === undefined) return;
      this.#event('Warning', 'FailedMount', problem);
      const retry = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(VOLUME_RETRY_MS)]);
      await this.#dataChanged.wait(retry);
    }
  }

  /** Runs the init containers one after the other; resolves to whether the containers may start. */
  async #runInit(sidecarRuns: Promise<void>[]): Promise<boolean> {
    for (const worker of this.#init) {
      if (this.#stopping.signal.aborted) return false;
      if (this.#sidecars.has(worker.view.name)) {
        sidecarRuns.push(worker.run());
        await worker.startedOnce;
      } else {
        await worker.run();
        if (worker.view.state.kind !== 'terminated' || worker.view.state.exitCode !== 0) return false;
      }
    }
    return !this.#stopping.signal.aborted && initialized(this.#view());
  }

  #terminate(): void {
    this.#armKill();
    this.#stopping.abort();
    const sidecars = this.#sidecarWorkers();
    for (const worker of [...this.#init, ...this.#containers]) {
      if (!sidecars.includes(worker)) worker.stop(this.#kill.signal);
    }
    this.#removal ??= this.#life.then(async () => {
      this.#cleanUp();
      await removePod(this.#node.api, this.id);
    });
    this.#removal.catch((error: unknown) => console.error(`removing ${podSlug(this.id)}: ${String(error)}`));
  }

  /** Schedules SIGKILL. A later deletion with a shorter grace period brings it forward. */
  #armKill(): void {
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.#kill.abort(), this.#graceMs());
  }

  #graceMs(): number {
    const { metadata, spec } = this.#pod;
    const own = spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    return (metadata.deletionGracePeriodSeconds ?? own) * 1000;
  }

  #cleanUp(): void {
    clearTimeout(this.#killTimer);
    this.#hold.release();
    this.#volumes.release();
    this.#node.events.forget(this.id);
    if (!this.#pod.spec.hostNetwork) this.#node.addresses.giveBack(this.#address);
  }

  #sidecarWorkers(): ContainerWorker[] {
    return this.#init.filter((worker) => this.#sidecars.has(worker.view.name));
  }

  #worker(container: Container, kind: 'init' | 'main'): ContainerWorker {
    const site: LaunchSite = {
      node: this.#node,
      dirs: this.#dirs,
      volumes: this.#volumes,
      facts: () => this.#facts(),
    };
    const current = (): Container => this.#specOf(container, kind);
    const surroundings = {
      podIP: this.#address,
      testapp: testappPath(this.#node),
      leftovers: this.#node.leftovers,
      restartPolicy: this.#policyOf(container, kind),
      backoffMs: this.#node.backoffMs,
      podLabel: `${this.id.name}_${this.id.namespace}(${this.id.uid})`,
      graceMs: () => this.#graceMs(),
      current,
      environment: (now: Container) =>
        resolveEnv({
          facts: this.#facts(),
          container: now,
          lookup: (data, name) => this.#hold.lookup(data, name),
          base: baseEnv(now, site),
        }),
      launch: (now: Container, argv: readonly string[], env: Readonly<Record<string, string>>) =>
        prepareLaunch(now, argv, env, site),
      messageFile: messageFile(this.#dirs, container.name),
      dataChanged: (signal: AbortSignal) => this.#dataChanged.wait(signal),
      changed: () => this.#status.touch(),
      event: (type: 'Normal' | 'Warning', reason: string, message: string) => this.#event(type, reason, message),
    };
    const restored = { container, kind, policy: surroundings.restartPolicy, status: this.#pod.status };
    return new ContainerWorker(surroundings, viewBefore(restored, Date.now()));
  }

  #specOf(container: Container, kind: 'init' | 'main'): Container {
    const { initContainers = [], containers } = this.#pod.spec;
    const list = kind === 'init' ? initContainers : containers;
    return list.find((each) => each.name === container.name) ?? container;
  }

  // Init containers are done when they succeed, so "Always" means "OnFailure" for them.
  #policyOf(container: Container, kind: 'init' | 'main'): string {
    const policy = this.#pod.spec.restartPolicy ?? 'Always';
    if (kind === 'main' || container.restartPolicy === 'Always') return container.restartPolicy ?? policy;
    return policy === 'Always' ? 'OnFailure' : policy;
  }

  #facts(): PodFacts {
    return { pod: this.#pod, podIP: this.#address, hostIP: this.#node.addresses.node, nodeName: this.#node.name };
  }

  #view(): PodView {
    const { spec } = this.#pod;
    return {
      restartPolicy: spec.restartPolicy ?? 'Always',
      init: this.#init.map((worker) => worker.view),
      sidecars: this.#sidecars,
      containers: this.#containers.map((worker) => worker.view),
      podIP: this.#address,
      hostIP: this.#node.addresses.node,
      startedAt: this.#startedAt,
      readinessGates: (spec.readinessGates ?? []).map((gate) => gate.conditionType),
      conditions: this.#conditions,
    };
  }

  // Until the watch returns them, the conditions just written are the basis of the next transition times.
  #onWritten(own: readonly Condition[]): void {
    const types = new Set(own.map((condition) => condition.type));
    this.#conditions = [...this.#conditions.filter((condition) => !types.has(condition.type)), ...own];
  }

  #onData(): void {
    this.#dataChanged.ring();
    void this.#volumes.refresh();
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#node.events.record(this.id, { type, reason, message });
  }
}

function claimAddress(pod: Pod, node: NodeContext): string {
  if (pod.spec.hostNetwork === true) return node.addresses.node;
  const before = pod.status?.podIP;
  return before !== undefined && node.addresses.claim(before) ? before : node.addresses.take();
}

function differs(a: Pod['metadata'], b: Pod['metadata']): boolean {
  return JSON.stringify([a.labels, a.annotations]) !== JSON.stringify([b.labels, b.annotations]);
}

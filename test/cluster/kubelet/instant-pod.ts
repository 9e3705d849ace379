import { notStarted } from './container-view.ts';
import type { ContainerView } from './container-view.ts';
import type { Container, Pod } from './kube-types.ts';
import { podId, podSlug } from './kube-types.ts';
import type { NodeContext } from './node-context.ts';
import { patchPodStatus, removePod } from './pod-api.ts';
import { renderPodStatus } from './pod-status.ts';
import type { PodView } from './pod-status.ts';

/** A pod without processes: running and ready once it is bound, gone once it is deleted. */
export class InstantPod {
  readonly #node: NodeContext;
  readonly #address: string;
  #pod: Pod;
  #ending = false;

  constructor(pod: Pod, node: NodeContext) {
    this.#node = node;
    this.#pod = pod;
    const before = pod.status?.podIP;
    this.#address = before !== undefined && node.addresses.claim(before) ? before : node.addresses.take();
  }

  start(): void {
    const ready = this.#pod.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True');
    if (ready === true && this.#pod.status?.podIP === this.#address) return;
    const status = renderPodStatus(instantView(this.#pod, this.#address, this.#node.addresses.node), Date.now());
    this.#attempt(() => patchPodStatus(this.#node.api, podId(this.#pod), status));
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp === undefined || this.#ending) return;
    this.#ending = true;
    this.#attempt(() => removePod(this.#node.api, podId(pod)));
  }

  vanish(): Promise<void> {
    this.#node.addresses.giveBack(this.#address);
    return Promise.resolve();
  }

  killNow(): void {
    // There is nothing to kill.
  }

  #attempt(action: () => Promise<unknown>): void {
    action().catch((error: unknown) => console.error(`${podSlug(podId(this.#pod))}: ${String(error)}`));
  }
}

function instantView(pod: Pod, podIP: string, hostIP: string): PodView {
  const now = Date.now();
  const { initContainers = [], containers, restartPolicy = 'Always', readinessGates = [] } = pod.spec;
  const sidecars = new Set(initContainers.filter((each) => each.restartPolicy === 'Always').map((each) => each.name));
  return {
    restartPolicy,
    sidecars,
    init: initContainers.map((each) => (sidecars.has(each.name) ? runs(each, now) : done(each, now))),
    containers: containers.map((each) => runs(each, now)),
    podIP,
    hostIP,
    startedAt: now,
    readinessGates: readinessGates.map((gate) => gate.conditionType),
    conditions: pod.status?.conditions ?? [],
  };
}

function runs({ name, image }: Container, now: number): ContainerView {
  return { ...notStarted(name, image), started: true, ready: true, state: { kind: 'running', startedAt: now } };
}

function done({ name, image }: Container, now: number): ContainerView {
  const state = { kind: 'terminated', exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now } as const;
  return { ...notStarted(name, image), ready: true, state };
}

import type { Change } from './follow-list.ts';
import type { Pod } from './kube-types.ts';
import { podId, podSlug } from './kube-types.ts';
import { bindPod, patchPodStatus, removePod } from './pod-api.ts';
import { instant } from './pod-status.ts';
import type { NodeContext } from './node-context.ts';
import { decidePlacement, saysUnschedulable } from './schedule.ts';
import type { Labels } from './kube-types.ts';

/** One pod of this node. */
export interface PodRunner {
  start(): void;
  update(pod: Pod): void;
  /** The pod object is gone. */
  vanish(): Promise<void>;
  killNow(): void;
}

/** Schedules pods to the node and keeps one runner per pod. */
export class PodTable {
  readonly #node: NodeContext;
  readonly #labels: Labels;
  readonly #create: (pod: Pod) => PodRunner;
  readonly #runners = new Map<string, PodRunner>();
  readonly #binding = new Set<string>();

  constructor(node: NodeContext, labels: Labels, create: (pod: Pod) => PodRunner) {
    this.#node = node;
    this.#labels = labels;
    this.#create = create;
  }

  get size(): number {
    return this.#runners.size;
  }

  /** Handles a change of a pod. Logs failures. */
  take(change: Change<Pod>): void {
    this.#react(change).catch((error: unknown) => {
      console.error(`${podSlug(podId(change.object))}: ${String(error)}`);
    });
  }

  /** Kills every process of every pod at once. */
  killNow(): void {
    this.#runners.forEach((runner) => runner.killNow());
  }

  async #react({ type, object: pod }: Change<Pod>): Promise<void> {
    const { uid } = podId(pod);
    const runner = this.#runners.get(uid);
    if (type === 'gone') {
      this.#runners.delete(uid);
      this.#binding.delete(uid);
      await runner?.vanish();
    } else if (runner) runner.update(pod);
    else if (pod.spec.nodeName === this.#node.name) await this.#adopt(pod);
    else if (pod.spec.nodeName === undefined) await this.#schedule(pod);
  }

  async #adopt(pod: Pod): Promise<void> {
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (pod.metadata.deletionTimestamp !== undefined) {
      await removePod(this.#node.api, podId(pod));
    } else if (!finished) {
      const runner = this.#create(pod);
      this.#runners.set(podId(pod).uid, runner);
      runner.start();
    }
  }

  async #schedule(pod: Pod): Promise<void> {
    const id = podId(pod);
    const decision = decidePlacement(pod, this.#labels);
    if (decision === 'leave' || this.#binding.has(id.uid)) return;
    if (decision === 'bind') {
      this.#binding.add(id.uid);
      await bindPod(this.#node.api, id, this.#node.name).finally(() => this.#binding.delete(id.uid));
      return;
    }
    const message = decision.unschedulable;
    if (saysUnschedulable(pod, message)) return;
    const event = { type: 'Warning', reason: 'FailedScheduling', message, component: 'default-scheduler' } as const;
    this.#node.events.record(id, event);
    const since = instant(Date.now());
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    await patchPodStatus(this.#node.api, id, { conditions: [{ ...condition, lastTransitionTime: since }] });
  }
}

/** Plays the kubelet: pods become ready after a while, or when a test says so. */
import type { Json, JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339, type Instant, type Milliseconds } from '../values/time.ts';
import type { ControlLoop } from './control-loop.ts';
import { keyedLoop, type KeyedLoop } from './keyed-loop.ts';
import type { Author, MemoryServer } from './memory-server.ts';
import { isJsonObject } from './patches.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:nodes:memory' };

/** How long after its start a pod is ready; `never` is until a test says so. */
export type PodFate = Milliseconds | 'never';

export interface Pods extends ControlLoop {
  /** Sets when pods become ready, including existing ones that are not ready yet. */
  fate(of: (pod: KubeObject) => PodFate): void;
  /** Those that are selected are ready from now on. */
  makeReady(which?: (pod: KubeObject) => boolean): void;
  /** Those that are selected are not ready from now on; `reason` is what their container waits for. */
  makeUnready(which?: (pod: KubeObject) => boolean, reason?: string): void;
}

const conditions = (pod: KubeObject): readonly JsonObject[] => {
  const found: Json | undefined = pod.status?.['conditions'];
  return Array.isArray(found) ? (found as readonly Json[]).filter(isJsonObject) : [];
};

export const isReady = (pod: KubeObject): boolean =>
  conditions(pod).some(({ type, status }) => type === 'Ready' && status === 'True');

export const addressOf = ({ status }: KubeObject): string | undefined => {
  const address = status?.['podIP'];
  return typeof address === 'string' ? address : undefined;
};

class Kubelet {
  fateOf: (pod: KubeObject) => PodFate = () => 0;
  readonly #server: MemoryServer;
  readonly #started = new Map<string, Instant>();

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  /** Starts a pod that is not started yet. Returns the delay until the next check of the pod. */
  look(one: KubeObject): Milliseconds | undefined {
    const pod = addressOf(one) === undefined ? this.#start(one) : one;
    const fate = this.fateOf(pod);
    if (pod.status?.['phase'] !== 'Pending' || fate === 'never') return undefined;
    const left = (this.#started.get(pod.metadata.uid ?? '') ?? 0) + fate - this.#server.clock.now();
    if (left > 0) return left;
    this.tell(pod, true);
    return undefined;
  }

  tell(pod: KubeObject, ready: boolean, reason?: string): void {
    const now = toRfc3339(this.#server.clock.now());
    const value = statusOf(pod, { ready, now, ...(reason === undefined ? {} : { reason }) });
    const body = [{ op: 'add', path: '/status', value }] as const;
    this.#server.patch(refOf(kinds.pod, pod), { type: 'json', body }, { subresource: 'status' }, author);
  }

  #start(pod: KubeObject): KubeObject {
    this.#started.set(pod.metadata.uid ?? '', this.#server.clock.now());
    const n = this.#started.size;
    const body = { status: { phase: 'Pending', podIP: `10.1.${Math.floor(n / 250)}.${(n % 250) + 1}` } };
    return this.#server.patch(refOf(kinds.pod, pod), { type: 'merge', body }, { subresource: 'status' }, author);
  }
}

export const podController = (server: MemoryServer): Pods => {
  const kubelet = new Kubelet(server);
  const all = (): readonly KubeObject[] => server.list(kinds.pod);
  const loop: KeyedLoop = keyedLoop(server, {
    gvk: kinds.pod,
    concerned: ({ type, object }) => (object.kind === 'Pod' && type === 'set' ? [object.metadata] : undefined),
    work: (pod) => {
      const left = kubelet.look(pod);
      loop.alarm(pod.metadata, left === undefined ? undefined : server.clock.now() + left);
    },
  });
  const tellAll = (which: (pod: KubeObject) => boolean, ready: boolean, reason?: string): void =>
    all()
      .filter(which)
      .forEach((pod) => kubelet.tell(pod, ready, reason));
  return {
    ...loop,
    fate: (of) => {
      kubelet.fateOf = of;
      loop.runAll();
    },
    makeReady: (which = () => true) => tellAll(which, true),
    makeUnready: (which = () => true, reason) => tellAll(which, false, reason),
  };
};

type Told = { readonly ready: boolean; readonly now: string; readonly reason?: string };

const statusOf = ({ spec, status }: KubeObject, { ready, now, reason = 'CrashLoopBackOff' }: Told): JsonObject => ({
  ...status,
  phase: 'Running',
  conditions: [
    { type: 'PodScheduled', status: 'True', lastTransitionTime: now },
    { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now },
  ],
  containerStatuses: namesOf(spec).map((name) => ({
    name,
    ready,
    restartCount: 0,
    state: ready ? { running: { startedAt: now } } : { waiting: { reason } },
  })),
});

const namesOf = (spec: JsonObject | undefined): readonly string[] => {
  const containers: Json | undefined = spec?.['containers'];
  const found = Array.isArray(containers) ? (containers as readonly Json[]).filter(isJsonObject) : [];
  return found.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
};

import { randomBytes } from 'node:crypto';
import type { ApiClient } from './api-client.ts';
import type { PodId } from './kube-types.ts';
import { instant } from './pod-status.ts';

export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly component?: string;
}

interface Recorded {
  readonly path: string;
  count: number;
  lastSent: number;
}

// Limits the writes of a probe that fails every second, as the real recorder does.
const REPEAT_MS = 5_000;

/** Writes Events about pods. A repetition raises the first one's count. Never throws. */
export class EventRecorder {
  readonly #api: ApiClient;
  readonly #host: string;
  readonly #recorded = new Map<string, Map<string, Recorded>>();

  constructor(api: ApiClient, host: string) {
    this.#api = api;
    this.#host = host;
  }

  record(pod: PodId, event: PodEvent): void {
    const known = this.#recorded.get(pod.uid) ?? new Map<string, Recorded>();
    this.#recorded.set(pod.uid, known);
    const key = `${event.reason} ${event.message}`;
    const before = known.get(key);
    if (before === undefined) known.set(key, this.#create(pod, event));
    else this.#repeat(before);
  }

  forget(pod: PodId): void {
    this.#recorded.delete(pod.uid);
  }

  #create(pod: PodId, event: PodEvent): Recorded {
    const name = `${pod.name}.${randomBytes(8).toString('hex')}`;
    const path = `/api/v1/namespaces/${pod.namespace}/events`;
    const now = instant(Date.now());
    const component = event.component ?? 'kubelet';
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: pod.namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: pod.name, namespace: pod.namespace, uid: pod.uid },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component, host: this.#host },
      reportingComponent: component,
      reportingInstance: this.#host,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    this.#send({ method: 'POST', path, body });
    return { path: `${path}/${name}`, count: 1, lastSent: Date.now() };
  }

  #repeat(recorded: Recorded): void {
    recorded.count++;
    if (Date.now() - recorded.lastSent < REPEAT_MS) return;
    recorded.lastSent = Date.now();
    const body = { count: recorded.count, lastTimestamp: instant(Date.now()) };
    const contentType = 'application/merge-patch+json';
    this.#send({ method: 'PATCH', path: recorded.path, contentType, body });
  }

  // Events are best effort; a terminating namespace, for instance, refuses them.
  #send(call: Parameters<ApiClient['request']>[0]): void {
    this.#api.request(call).catch(() => undefined);
  }
}

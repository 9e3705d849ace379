/** People who call `web`, and Prometheus, which scrapes every pod: so many requests a second, and this share of them for the canary. */
import type { Labels } from '../../src/values/kube-object.ts';
import { namespace, type SeenPod, type World } from './world.ts';

export type Calls = {
  readonly perSecond: number;
  /** Percent of the requests that reach canary pods. */
  readonly canary: (world: World) => number;
  /** Percent of the canary's requests that fail. */
  readonly failing?: number;
};

const scrapeEvery = 1;

/** What Kubernetes makes the last part of a pod's name of; the cluster in memory just counts. */
const letters = 'bcdfghjklmnpqrstvwxz2456789';

const nameOf = (owner: string, index: number): string => {
  const suffix = [4, 3, 2, 1, 0].map((place) => letters[Math.floor(index / letters.length ** place) % letters.length]);
  return `${owner}-${letters.slice(0, 8)}-${suffix.join('')}`;
};

const counters = (owner: string, name: string, status: string): readonly Labels[] => [
  {
    __name__: 'istio_requests_total',
    reporter: 'destination',
    destination_workload: owner,
    destination_workload_namespace: namespace,
    response_code: status,
    pod: name,
  },
  { __name__: 'http_requests_total', namespace, pod: name, status },
];

export class Callers {
  readonly #world: World;
  readonly #names = new Map<string, string>();
  readonly #totals = new Map<string, number>();
  calls: Calls;

  /** Calls from now on. What `calls` is can be changed at any time. */
  constructor(world: World, calls: Calls) {
    this.#world = world;
    this.calls = calls;
    this.#scrape();
  }

  #scrape(): void {
    const share = this.calls.canary(this.#world) / 100;
    const pods = this.#world.pods();
    this.#serve(pods, 'web', 1 - share);
    this.#serve(pods, 'web-canary', share);
    this.#world.clock.after(scrapeEvery * 1000, () => this.#scrape());
  }

  #serve(pods: readonly SeenPod[], owner: string, share: number): void {
    const own = pods.filter((pod) => pod.owner === owner);
    const failing = owner === 'web-canary' ? (this.calls.failing ?? 0) / 100 : 0;
    const each = (this.calls.perSecond * scrapeEvery * share) / Math.max(1, own.length);
    for (const pod of own) {
      this.#count(pod, '200', each * (1 - failing));
      this.#count(pod, '500', each * failing);
    }
  }

  /** A process shows a counter once it has counted something. */
  #count(pod: SeenPod, status: string, by: number): void {
    const key = `${pod.uid} ${status}`;
    const total = (this.#totals.get(key) ?? 0) + by;
    if (total === 0) return;
    this.#totals.set(key, total);
    if (!this.#names.has(pod.uid)) this.#names.set(pod.uid, nameOf(pod.owner, this.#names.size));
    for (const labels of counters(pod.owner, this.#names.get(pod.uid) ?? '', status))
      this.#world.metrics.record(labels, this.#world.clock.now(), total);
  }
}

/** As the routes say. */
export const asRouted = (world: World): number => world.requests.share() ?? 0;
/** Whoever calls does not pass by the split. */
export const none = (): number => 0;

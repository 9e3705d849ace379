/** The cluster port over a real API server: reads from caches that watches keep, writes that update those caches at once. */
import type { Gvk, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Clock } from '../ports/clock.ts';
import {
  ClusterError,
  type Cluster,
  type ClusterChange,
  type ClusterWriter,
  type Patch,
  type WriteOptions,
} from '../ports/cluster.ts';
import type { Api } from './api.ts';
import { clusterWriter } from './cluster-writer.ts';
import { KindWatch } from './kind-watch.ts';
import type { Log } from './log.ts';
import { ObjectStore, type StoreChange } from './object-store.ts';
import { reflect, type Reflector } from './reflector.ts';
import { nameOnly } from './trim.ts';
import { watchTarget, type WatchSpec } from './watch-spec.ts';

export type ClusterOptions = {
  readonly api: Api;
  /** Several specs of one kind must name different namespaces. */
  readonly watch: readonly WatchSpec[];
  readonly clock: Clock;
  readonly log: Log;
  /** Who the API server notes down for written fields; `sluice`. */
  readonly fieldManager?: string;
  /** 0 to 1, for jitter; Math.random. */
  readonly random?: () => number;
};

export interface ConnectedCluster extends Cluster {
  /**
   * Resolves when every kind has been listed, optional ones that are not served excepted. Waits as long as it takes for an API
   * server that is away or refuses. Rejects with a ClusterError when stopped before.
   */
  readonly ready: Promise<void>;
  /** Kinds whose first list is not in, for a readiness answer that says why. */
  pending(): readonly string[];
  /** Ends all watches. The caches stay as they are; writes still work. Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const kindKey = (gvk: Gvk): string => `${gvk.group}/${gvk.version}/${gvk.kind}`;
const definitionName = (gvk: Gvk): string => `${gvk.plural}.${gvk.group}`;

class CachedCluster implements ConnectedCluster {
  readonly ready: Promise<void>;
  readonly #options: ClusterOptions;
  readonly #writer: ClusterWriter;
  readonly #watches = new Map<string, KindWatch[]>();
  readonly #listeners: ((change: ClusterChange) => void)[] = [];
  readonly #servedListeners: ((gvk: Gvk) => void)[] = [];
  readonly #definitions: Reflector | undefined;
  readonly #stopped = new AbortController();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#writer = clusterWriter({
      api: options.api,
      fieldManager: options.fieldManager ?? 'sluice',
      seen: {
        written: (gvk, object) => this.#written(gvk, object),
        gone: (ref, uid) => this.#watchOf(ref.gvk, ref.namespace)?.store.gone(ref.namespace, ref.name, uid),
      },
    });
    for (const spec of options.watch) this.#addWatch(spec);
    const optional = this.#all().filter((watch) => watch.spec.optional === true);
    for (const watch of this.#all()) if (watch.spec.optional !== true) watch.start();
    this.#definitions = optional.length > 0 ? this.#watchDefinitions(optional) : undefined;
    this.ready = this.#whenReady();
    this.ready.catch(() => undefined);
  }

  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined {
    this.#mustBeWatched(ref.gvk);
    return this.#watchOf(ref.gvk, ref.namespace)?.store.get(ref.namespace, ref.name) as T | undefined;
  }

  list<T extends KubeObject>(gvk: Gvk<T>, namespace?: string): readonly T[] {
    return this.#objects(gvk, namespace) as readonly T[];
  }

  #objects(gvk: Gvk, namespace?: string): readonly KubeObject[] {
    const watches = this.#mustBeWatched(gvk);
    if (namespace !== undefined) return this.#watchOf(gvk, namespace)?.store.list(namespace) ?? [];
    const [only] = watches;
    return watches.length === 1 && only !== undefined
      ? only.store.list()
      : watches.flatMap((watch) => watch.store.list());
  }

  serves(gvk: Gvk): boolean {
    const watches = this.#watches.get(kindKey(gvk)) ?? [];
    return watches.length > 0 && watches.every((watch) => watch.synced);
  }

  onChange(listener: (change: ClusterChange) => void): void {
    this.#listeners.push(listener);
  }

  onServed(listener: (gvk: Gvk) => void): void {
    this.#servedListeners.push(listener);
  }

  pending(): readonly string[] {
    const required = this.#all().filter((watch) => watch.spec.optional !== true && !watch.synced);
    return required.map((watch) => watchTarget(watch.spec).what);
  }

  create<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T> {
    return this.#writer.create(object, gvk);
  }

  patch<T extends KubeObject>(ref: ObjectRef<T>, patch: Patch, options?: WriteOptions): Promise<T> {
    return this.#writer.patch(ref, patch, options);
  }

  replace<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T> {
    return this.#writer.replace(object, gvk);
  }

  remove(ref: ObjectRef, uid?: string): Promise<void> {
    return this.#writer.remove(ref, uid);
  }

  fetch<T extends KubeObject>(ref: ObjectRef<T>): Promise<T | undefined> {
    return this.#writer.fetch(ref);
  }

  fetchList<T extends KubeObject>(gvk: Gvk<T>, namespace: string, labels: Labels): Promise<readonly T[]> {
    return this.#writer.fetchList(gvk, namespace, labels);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#definitions?.stop();
    await Promise.all([this.#definitions?.ended, ...this.#all().map((watch) => watch.stop())]);
  }

  #all(): readonly KindWatch[] {
    return [...this.#watches.values()].flat();
  }

  #addWatch(spec: WatchSpec): void {
    const { api, clock, log, random = Math.random } = this.#options;
    const siblings = this.#watches.get(kindKey(spec.gvk)) ?? [];
    if (
      siblings.some(
        ({ spec: { namespace } }) =>
          namespace === undefined || spec.namespace === undefined || namespace === spec.namespace,
      )
    )
      throw new Error(`${watchTarget(spec).what} would be watched twice`);
    const emit = (change: StoreChange): void => this.#emit({ ...change, gvk: spec.gvk });
    const cameOrWent = (): void => this.#servedListeners.forEach((listener) => listener(spec.gvk));
    const watch = new KindWatch({ api, spec, emit, cameOrWent, clock, random, log });
    this.#watches.set(kindKey(spec.gvk), [...siblings, watch]);
  }

  /** Optional kinds come and go with their definitions. */
  #watchDefinitions(optional: readonly KindWatch[]): Reflector {
    const { api, clock, log, random = Math.random } = this.#options;
    const emit = ({ type, object }: StoreChange): void => {
      for (const watch of optional) {
        if (definitionName(watch.spec.gvk) !== object.metadata.name) continue;
        if (type === 'set') watch.start();
        else watch.withdraw();
      }
    };
    const target = watchTarget({ gvk: kinds.crd });
    const store = new ObjectStore({ emit });
    // Only the names of definitions matter, and there may be hundreds.
    return reflect({ api, gvk: kinds.crd, target, store, trim: nameOnly, metadataOnly: true, clock, random, log });
  }

  async #whenReady(): Promise<void> {
    const stopped = new Promise<never>((_resolve, reject) => {
      const refuse = (): void => reject(new ClusterError('unreachable', 'stopped before every kind was listed'));
      this.#stopped.signal.addEventListener('abort', refuse, { once: true });
    });
    const everything = async (): Promise<void> => {
      await this.#definitions?.settled;
      await Promise.all(this.#all().map((watch) => watch.settled()));
    };
    await Promise.race([everything(), stopped]);
  }

  #watchOf(gvk: Gvk, namespace: string | undefined): KindWatch | undefined {
    const watches = this.#watches.get(kindKey(gvk)) ?? [];
    return watches.find(({ spec }) => spec.namespace === undefined || spec.namespace === namespace);
  }

  /** Reading a kind that nobody watches would look like an empty cluster. */
  #mustBeWatched(gvk: Gvk): readonly KindWatch[] {
    const watches = this.#watches.get(kindKey(gvk));
    if (watches === undefined) throw new Error(`${gvk.kind} (${gvk.group}/${gvk.version}) is read but not watched`);
    return watches;
  }

  #written(gvk: Gvk, object: KubeObject): void {
    const watch = this.#watchOf(gvk, object.metadata.namespace);
    watch?.store.written(watch.trim(object));
  }

  #emit(change: ClusterChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (err) {
        this.#options.log.error({ err, kind: change.gvk.kind, name: change.object.metadata.name }, 'listener failed');
      }
    }
  }
}

/** Starts watching at once. Throws an Error when two specs would hold the same objects. */
export const connectCluster = (options: ClusterOptions): ConnectedCluster => new CachedCluster(options);

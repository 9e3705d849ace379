/**
 * The cluster port on a real API server. Reads come from caches that watches maintain; writes update those caches at
 * once.
 */
import type { Gvk, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Clock } from '../ports/clock.ts';
import {
  ClusterError,
  type Cluster,
  type ClusterChange,
  type ClusterWriter,
  type Patch,
  type Propagation,
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
  /** Field manager of all writes. Default: `sluice`. */
  readonly fieldManager?: string;
  /** 0 to 1, for jitter. Default: Math.random. */
  readonly random?: () => number;
};

export interface ConnectedCluster extends Cluster {
  /**
   * Resolves when every kind has been listed, except optional kinds that are not served. Waits indefinitely while the
   * API server is unreachable or refuses. Rejects with ClusterError if stopped first.
   */
  readonly ready: Promise<void>;
  /** Kinds that have not been listed yet; explains a failing readiness probe. */
  pending(): readonly string[];
  /** Ends all watches and resolves when they have ended. The caches keep their content and writes still work. */
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
  readonly #optional: readonly KindWatch[];
  /** Only where nobody watches the definitions for their own sake. */
  readonly #definitions: Reflector | undefined;
  readonly #stopped = new AbortController();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#writer = clusterWriter({
      api: options.api,
      fieldManager: options.fieldManager ?? 'sluice',
      seen: {
        written: (gvk, object) => this.#written(gvk, object),
        known: (ref) => this.#watchOf(ref.gvk, ref.namespace)?.store.get(ref.namespace, ref.name)?.metadata.uid,
        gone: (ref, uid) => this.#watchOf(ref.gvk, ref.namespace)?.store.gone(ref.namespace, ref.name, uid),
      },
    });
    for (const spec of options.watch) this.#addWatch(spec);
    this.#optional = this.#all().filter((watch) => watch.spec.optional === true);
    for (const watch of this.#all()) if (watch.spec.optional !== true) watch.start();
    const isNeeded = this.#optional.length > 0 && this.#watchedDefinitions() === undefined;
    this.#definitions = isNeeded ? this.#watchDefinitions() : undefined;
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

  remove(ref: ObjectRef, uid?: string, propagation?: Propagation): Promise<boolean> {
    return this.#writer.remove(ref, uid, propagation);
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
    const isDefinition = kindKey(spec.gvk) === kindKey(kinds.crd);
    const emit = (change: StoreChange): void => {
      if (isDefinition) this.#follow(change);
      this.#emit({ ...change, gvk: spec.gvk });
    };
    const onServedChange = (): void => this.#servedListeners.forEach((listener) => listener(spec.gvk));
    const watch = new KindWatch({ api, spec, emit, onServedChange, clock, random, log });
    this.#watches.set(kindKey(spec.gvk), [...siblings, watch]);
  }

  /** Starts and stops the watches of optional kinds as their CustomResourceDefinitions appear and disappear. */
  #follow({ type, object }: StoreChange): void {
    for (const watch of this.#optional) {
      if (definitionName(watch.spec.gvk) !== object.metadata.name) continue;
      if (type === 'set') watch.start();
      else watch.withdraw();
    }
  }

  #watchedDefinitions(): KindWatch | undefined {
    return this.#watches.get(kindKey(kinds.crd))?.[0];
  }

  #watchDefinitions(): Reflector {
    const { api, clock, log, random = Math.random } = this.#options;
    const emit = (change: StoreChange): void => this.#follow(change);
    const target = watchTarget({ gvk: kinds.crd });
    const store = new ObjectStore({ emit });
    // Only the names are needed, and a cluster may have hundreds of CustomResourceDefinitions.
    return reflect({ api, gvk: kinds.crd, target, store, trim: nameOnly, metadataOnly: true, clock, random, log });
  }

  async #whenReady(): Promise<void> {
    const stopped = new Promise<never>((_resolve, reject) => {
      const refuse = (): void => reject(new ClusterError('unreachable', 'stopped before every kind was listed'));
      this.#stopped.signal.addEventListener('abort', refuse, { once: true });
    });
    const everything = async (): Promise<void> => {
      await (this.#definitions?.settled ?? this.#watchedDefinitions()?.settled());
      await Promise.all(this.#all().map((watch) => watch.settled()));
    };
    await Promise.race([everything(), stopped]);
  }

  #watchOf(gvk: Gvk, namespace: string | undefined): KindWatch | undefined {
    const watches = this.#watches.get(kindKey(gvk)) ?? [];
    return watches.find(({ spec }) => spec.namespace === undefined || spec.namespace === namespace);
  }

  /** Throws for a kind that is not watched: reading it would look like an empty cluster. */
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

/** Starts watching at once. Throws an Error if two specs cover the same objects. */
export const connectCluster = (options: ClusterOptions): ConnectedCluster => new CachedCluster(options);

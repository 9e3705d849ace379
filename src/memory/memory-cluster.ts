/**
 * The cluster port over an API server in memory: a cache that watches feed, writes that are in it at once, and the faults that
 * a test wants. Each client has a cache of its own, so that one of them can be behind, or be killed.
 */
import type { Gvk, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { selects } from '../values/label-selector.ts';
import { ClusterError, type Cluster, type ClusterChange, type Patch, type WriteOptions } from '../ports/cluster.ts';
import { errorOf, noFaults, type ClientWrite, type FaultPlan } from './faults.ts';
import { KindCache, type MemoryWatch } from './kind-cache.ts';
import type { Author, MemoryServer, ServerEvent } from './memory-server.ts';
import { notServed, refText, resourceName } from './refusals.ts';
import { definitionName, kindKey } from './served-kinds.ts';
import { ToldEvents } from './told-events.ts';
import { refOf } from './write-rules.ts';

export type MemoryClusterOptions = {
  readonly server: MemoryServer;
  readonly watch: readonly MemoryWatch[];
  /** Who writes; `sluice`. */
  readonly author?: Author;
  readonly faults?: FaultPlan;
};

export interface MemoryCluster extends Cluster {
  /** Resolves when every kind that is not optional is served. */
  readonly ready: Promise<void>;
  /** Kinds that are not optional and not served. */
  pending(): readonly string[];
  /** Ends all watches; the caches stay as they are. */
  stop(): Promise<void>;
  /** Everything that was to be written, whatever came of it. */
  readonly writes: readonly ClientWrite[];
  /** What goes wrong from now on. */
  plan(faults: FaultPlan): void;
  /** As a process that is killed: nothing more is written, answered or told. */
  kill(): void;
  readonly killed: boolean;
  /** From now on the watch tells nothing until `deliver`, so that the cache knows of nothing but the client's own writes. */
  hold(): void;
  /** Tells what is held, or the first few changes of it, and returns how many are left. */
  deliver(count?: number): number;
  /** Tells what is held, and everything else as it comes. */
  flow(): void;
}

const never = new Promise<never>(() => undefined);

class WatchingCluster implements MemoryCluster {
  readonly ready: Promise<void>;
  readonly writes: ClientWrite[] = [];
  killed = false;
  readonly #server: MemoryServer;
  readonly #author: Author;
  readonly #caches: readonly KindCache[];
  readonly #listeners: ((change: ClusterChange) => void)[] = [];
  readonly #servedListeners: ((gvk: Gvk) => void)[] = [];
  readonly #unsubscribe: () => void;
  readonly #untold = new ToldEvents((event) => this.#tell(event));
  #faults: FaultPlan;
  #becomeReady: () => void = () => undefined;

  constructor({
    server,
    watch,
    author = { user: 'sluice', fieldManager: 'sluice' },
    faults = noFaults,
  }: MemoryClusterOptions) {
    this.#server = server;
    this.#author = author;
    this.#faults = faults;
    this.#caches = watch.map((one) => new KindCache(one, (change) => this.#emit(change)));
    for (const cache of this.#caches) this.#begin(cache);
    this.#unsubscribe = server.subscribe((event) => this.#untold.add(event));
    this.ready = new Promise((resolve) => (this.#becomeReady = resolve));
    this.#checkReady();
  }

  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined {
    return this.#holding(ref.gvk, ref.namespace)[0]?.get(ref.namespace, ref.name) as T | undefined;
  }

  list<T extends KubeObject>(gvk: Gvk<T>, namespace?: string): readonly T[] {
    return this.#holding(gvk, namespace).flatMap((cache) =>
      cache.list(namespace),
    ) as readonly KubeObject[] as readonly T[];
  }

  serves(gvk: Gvk): boolean {
    const caches = this.#cachesOf(gvk);
    return caches.length > 0 && caches.every(({ synced }) => synced);
  }

  onChange(listener: (change: ClusterChange) => void): void {
    this.#listeners.push(listener);
  }

  onServed(listener: (gvk: Gvk) => void): void {
    this.#servedListeners.push(listener);
  }

  pending(): readonly string[] {
    return this.#caches
      .filter(({ watch, synced }) => watch.optional !== true && !synced)
      .map(({ watch }) => resourceName(watch.gvk));
  }

  create<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T> {
    const write = { verb: 'create', ref: refOf(gvk, object) } as const;
    return this.#write(write, () => this.#server.create(object, gvk, this.#author));
  }

  replace<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T> {
    const ref = refOf(gvk, object);
    return this.#write({ verb: 'replace', ref }, () => {
      if (object.metadata.resourceVersion === undefined)
        throw new ClusterError('invalid', `replace ${refText(ref)}: the object has no resourceVersion to guard it`);
      return this.#server.replace(object, gvk, this.#author);
    });
  }

  async patch<T extends KubeObject>(ref: ObjectRef<T>, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const { subresource } = options;
    const write = { verb: 'patch', ref, ...(subresource === undefined ? {} : { subresource }) } as const;
    const stored = await this.#write(write, () => this.#server.patch(ref, patch, options, this.#author));
    return subresource === 'scale' ? (scaleOf(stored) as T) : stored;
  }

  async remove(ref: ObjectRef, uid?: string): Promise<void> {
    await this.#write({ verb: 'remove', ref }, () => {
      const stored = this.#server.get(ref);
      if (stored === undefined) return uid === undefined ? undefined : this.#gone(ref, uid);
      // Another object has taken the name: the one that was meant is gone.
      if (uid !== undefined && stored.metadata.uid !== uid) return setEvent(ref.gvk, stored);
      const gone = this.#server.remove(ref, uid === undefined ? {} : { uid }, this.#author);
      return gone ? { type: 'removed', gvk: ref.gvk, object: stored, version: this.#server.version } : undefined;
    });
  }

  async fetch<T extends KubeObject>(ref: ObjectRef<T>): Promise<T | undefined> {
    await this.#travel();
    const stored = this.#server.get(ref);
    if (stored !== undefined) this.#seen(setEvent(ref.gvk, stored));
    return stored;
  }

  async fetchList<T extends KubeObject>(gvk: Gvk<T>, namespace: string, labels: Labels): Promise<readonly T[]> {
    await this.#travel();
    if (!this.#server.serves(gvk)) throw notServed(`list ${resourceName(gvk)} in ${namespace}`);
    return this.#server
      .list(gvk, namespace)
      .filter(({ metadata }) => selects({ matchLabels: labels }, metadata.labels));
  }

  stop(): Promise<void> {
    this.#unsubscribe();
    this.#untold.clear();
    return Promise.resolve();
  }

  plan(faults: FaultPlan): void {
    this.#faults = faults;
  }

  kill(): void {
    this.killed = true;
    void this.stop();
  }

  hold(): void {
    this.#untold.hold();
  }

  deliver(count?: number): number {
    return this.#untold.deliver(count);
  }

  flow(): void {
    this.#untold.flow();
  }

  /** A request takes its time: whatever else is ready to happen happens first. Of a client that was killed nothing comes back. */
  async #travel(): Promise<void> {
    await Promise.resolve();
    if (this.killed) await never;
  }

  async #write<T extends KubeObject | ServerEvent | undefined>(
    write: Omit<ClientWrite, 'index'>,
    act: () => T,
  ): Promise<T> {
    await this.#travel();
    const seen: ClientWrite = { ...write, index: this.writes.length };
    this.writes.push(seen);
    const fault = this.#faults(seen);
    if (fault?.kind === 'cut-before') {
      this.kill();
      return never;
    }
    const error = errorOf(fault, seen);
    if (error !== undefined && fault?.kind !== 'lost-answer') throw error;
    const stored = act();
    if (fault?.kind === 'cut-after') {
      this.kill();
      return never;
    }
    if (error !== undefined) throw error;
    if (stored !== undefined) this.#seen('metadata' in stored ? setEvent(write.ref.gvk, stored) : stored);
    await this.#travel();
    return stored;
  }

  #seen(event: ServerEvent): void {
    for (const cache of this.#cachesOf(event.gvk)) cache.take(event);
  }

  /** What is not there is not cached any longer, however far the watch is behind. */
  #gone({ gvk, namespace = '', name }: ObjectRef, uid: string): ServerEvent | undefined {
    const known = this.#cachesOf(gvk).flatMap((cache) => cache.get(namespace, name) ?? []);
    const object = known.find(({ metadata }) => metadata.uid === uid);
    return object && { type: 'removed', gvk, object, version: this.#server.version };
  }

  #tell(event: ServerEvent): void {
    if (kindKey(event.gvk) === kindKey(kinds.crd)) this.#defined(event);
    this.#seen(event);
  }

  #defined({ object: { metadata } }: ServerEvent): void {
    for (const cache of this.#caches) {
      if (definitionName(cache.watch.gvk) !== metadata.name) continue;
      const was = cache.synced;
      if (this.#server.serves(cache.watch.gvk)) this.#begin(cache);
      else cache.end();
      if (cache.watch.optional === true && was !== cache.synced) this.#cameOrWent(cache.watch.gvk);
    }
    this.#checkReady();
  }

  #begin(cache: KindCache): void {
    const { gvk } = cache.watch;
    if (!cache.synced && this.#server.serves(gvk)) cache.begin(this.#server.list(gvk), this.#server.version);
  }

  #cameOrWent(gvk: Gvk): void {
    for (const listener of this.#servedListeners) listener(gvk);
  }

  #checkReady(): void {
    if (this.pending().length === 0) this.#becomeReady();
  }

  #cachesOf(gvk: Gvk): readonly KindCache[] {
    return this.#caches.filter(({ watch }) => kindKey(watch.gvk) === kindKey(gvk));
  }

  /** Reading a kind that nobody watches would look like an empty cluster. */
  #holding(gvk: Gvk, namespace: string | undefined): readonly KindCache[] {
    const caches = this.#cachesOf(gvk);
    if (caches.length === 0) throw new Error(`${gvk.kind} (${gvk.group}/${gvk.version}) is read but not watched`);
    return caches.filter(
      ({ watch }) => watch.namespace === undefined || namespace === undefined || watch.namespace === namespace,
    );
  }

  #emit(change: ClusterChange): void {
    if (this.killed) return;
    for (const listener of this.#listeners) listener(change);
  }
}

const setEvent = (gvk: Gvk, object: KubeObject): ServerEvent => ({
  type: 'set',
  gvk,
  object,
  version: Number(object.metadata.resourceVersion),
});

const scaleOf = ({ metadata, spec }: KubeObject): KubeObject => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata,
  spec: { replicas: spec?.['replicas'] ?? 1 },
});

/** Watches at once: what is there is in the cache when this returns. */
export const connectMemory = (options: MemoryClusterOptions): MemoryCluster => new WatchingCluster(options);

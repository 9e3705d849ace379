/**
 * The Cluster port on an API server in memory, with a cache fed by watches, in which own writes appear at once, and with
 * injected faults. Each client has its own cache, so that one client can lag behind or be killed.
 */
import type { Gvk, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import type { Instant } from '../values/time.ts';
import { kinds } from '../schema/kinds.ts';
import { ClusterError, type ClusterChange, type Patch, type Propagation, type WriteOptions } from '../ports/cluster.ts';
import { errorOf, noFaults, type ClientWrite, type FaultPlan } from './faults.ts';
import { KindCache } from './kind-cache.ts';
import type { Author, MemoryServer, ServerEvent } from './memory-server.ts';
import { notServed, refText, resourceName } from './refusals.ts';
import { definitionName, kindKey } from './served-kinds.ts';
import type { MemoryCluster, MemoryClusterOptions } from './memory-client.ts';
import { ToldEvents } from './told-events.ts';
import { refOf } from './write-rules.ts';

const never = new Promise<never>(() => undefined);

class WatchingCluster implements MemoryCluster {
  readonly ready: Promise<void>;
  readonly writes: ClientWrite[] = [];
  readonly requests: Instant[] = [];
  killed = false;
  readonly #server: MemoryServer;
  readonly #author: Author;
  readonly #caches: readonly KindCache[];
  readonly #cachesByKind: ReadonlyMap<string, readonly KindCache[]>;
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
    this.#cachesByKind = Map.groupBy(this.#caches, (cache) => kindKey(cache.watch.gvk));
    for (const cache of this.#caches) this.#begin(cache);
    this.#unsubscribe = server.subscribe((event) => this.#untold.add(event));
    this.ready = new Promise((resolve) => (this.#becomeReady = resolve));
    this.#checkReady();
  }

  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined {
    return this.#holding(ref.gvk, ref.namespace)[0]?.get(ref.namespace, ref.name) as T | undefined;
  }

  list<T extends KubeObject>(gvk: Gvk<T>, namespace?: string): readonly T[] {
    const [first, ...others] = this.#holding(gvk, namespace).map((cache) => cache.list(namespace));
    const all: readonly KubeObject[] = others.length === 0 ? (first ?? []) : [first ?? [], ...others].flat();
    return all as readonly T[];
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

  async remove(ref: ObjectRef, uid?: string, propagation: Propagation = 'Background'): Promise<boolean> {
    let found = false;
    await this.#write({ verb: 'remove', ref }, () => {
      const stored = this.#server.get(ref);
      if (stored === undefined) return this.#gone(ref);
      // A different object has the name now; the original is gone.
      if (uid !== undefined && stored.metadata.uid !== uid) return setEvent(ref.gvk, stored);
      const gone = this.#server.remove(ref, { ...(uid === undefined ? {} : { uid }), propagation }, this.#author);
      found = true;
      if (gone) return { type: 'removed', gvk: ref.gvk, object: stored, version: this.#server.version };
      const going = this.#server.get(ref);
      return going && setEvent(ref.gvk, going);
    });
    return found;
  }

  async fetch<T extends KubeObject>(ref: ObjectRef<T>): Promise<T | undefined> {
    await this.#travel();
    this.requests.push(this.#server.clock.now());
    const stored = this.#server.get(ref);
    const seen = stored === undefined ? this.#gone(ref) : setEvent(ref.gvk, stored);
    if (seen !== undefined) this.#seen(seen);
    return stored;
  }

  async fetchList<T extends KubeObject>(gvk: Gvk<T>, namespace: string, labels: Labels): Promise<readonly T[]> {
    await this.#travel();
    this.requests.push(this.#server.clock.now());
    if (!this.#server.serves(gvk)) throw notServed(`list ${resourceName(gvk)} in ${namespace}`);
    return this.#server.select(gvk, namespace, labels);
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

  /** Simulates latency: other pending work runs first. The requests of a killed client never return. */
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
    this.requests.push(this.#server.clock.now());
    const fault = this.#faults(seen);
    if (fault?.kind === 'cut-before') {
      this.kill();
      return never;
    }
    const error = errorOf(fault, seen);
    if (error !== undefined && fault?.kind !== 'lost-answer') throw error;
    const stored = this.#about(write.ref, act);
    if (fault?.kind === 'cut-after') {
      this.kill();
      return never;
    }
    if (error !== undefined) throw error;
    if (stored !== undefined) this.#seen('metadata' in stored ? setEvent(write.ref.gvk, stored) : stored);
    await this.#travel();
    return stored;
  }

  /** Removes an object from the cache when the server does not find it, even if the watch lags behind. */
  #about<T>(ref: ObjectRef, act: () => T): T {
    try {
      return act();
    } catch (error) {
      const gone = error instanceof ClusterError && error.missing === ref.name ? this.#gone(ref) : undefined;
      if (gone !== undefined) this.#seen(gone);
      throw error;
    }
  }

  #seen(event: ServerEvent): void {
    for (const cache of this.#cachesOf(event.gvk)) cache.take(event);
  }

  /** The deletion event for an object that is still cached. */
  #gone({ gvk, namespace = '', name }: ObjectRef): ServerEvent | undefined {
    const [object] = this.#cachesOf(gvk).flatMap((cache) => cache.get(namespace, name) ?? []);
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
    return this.#cachesByKind.get(kindKey(gvk)) ?? [];
  }

  /** The caches for a kind. Throws if the kind is not watched, since reading it would look like an empty cluster. */
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

/** Connects a client. Its cache holds all existing objects when this returns. */
export const connectMemory = (options: MemoryClusterOptions): MemoryCluster => new WatchingCluster(options);

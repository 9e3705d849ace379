/**
 * Keeps a store equal to the API server's content: one list, then a watch that resumes where it ended.
 *
 *   list ──► watch ──┬─ ended ───────────► watch from the last version
 *     ▲              ├─ broken, silent ──► wait ──► watch from the last version
 *     └──── wait ◄───┴─ version is gone
 */
import type { Gvk } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import { pause, type Clock } from '../ports/clock.ts';
import { ClusterError, type ClusterErrorReason } from '../ports/cluster.ts';
import type { Api, WatchEvent } from './api.ts';
import { backoffDelay } from './backoff.ts';
import { asObject, listPages } from './list-pages.ts';
import type { Log } from './log.ts';
import type { ObjectStore } from './object-store.ts';
import type { Trim } from './trim.ts';
import type { WatchTarget } from './watch-spec.ts';
import { Watchdog } from './watchdog.ts';

export type ReflectorOptions = {
  readonly api: Api;
  readonly gvk: Gvk;
  readonly target: WatchTarget;
  readonly store: ObjectStore;
  readonly trim: Trim;
  /** Requests only metadata. */
  readonly metadataOnly?: boolean;
  /** The kind may stop being served: end at a 404 instead of retrying. */
  readonly mayVanish?: boolean;
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
};

export interface Reflector {
  /** Whether the store holds a complete list. */
  readonly synced: boolean;
  /** Resolves when the first list is complete or the reflector has ended. */
  readonly firstList: Promise<void>;
  /**
   * Resolves when the first list is complete or has failed for a reason other than the network, or the reflector has
   * ended.
   */
  readonly settled: Promise<void>;
  /** Resolves when the reflector has ended: it was stopped, or the kind is no longer served. */
  readonly ended: Promise<'stopped' | 'vanished'>;
  stop(): void;
}

/** How far the API server may exceed the requested watch time. */
const GRACE: Milliseconds = 15_000;
/** A shorter watch counts as failed: starting the next one at once would be a busy loop. */
const SHORTEST_WATCH: Milliseconds = 1000;
/** Minimum watch time in seconds. Each watch requests five to ten minutes, so that watches do not end together. */
const WATCH_SECONDS = 300;
/**
 * A cache that is behind makes decisions from what is no longer true, so watches have to be back within seconds after
 * an outage, however long it was and whatever it answered meanwhile. A server that wants more time says so.
 */
const BACKOFF = { base: 250, cap: 2000 };
/** Somebody has to mend a missing right, a kind that is not served, or a request that is wrong. */
const BACKOFF_LASTING = { base: 250, cap: 30_000 };
const lasting: ReadonlySet<ClusterErrorReason> = new Set<ClusterErrorReason>(['forbidden', 'not-found', 'invalid']);

const partial = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

class ListWatch implements Reflector {
  synced = false;
  readonly firstList: Promise<void>;
  readonly settled: Promise<void>;
  readonly ended: Promise<'stopped' | 'vanished'>;
  readonly #options: ReflectorOptions;
  readonly #stop = new AbortController();
  readonly #listed = Promise.withResolvers<undefined>();
  readonly #known = Promise.withResolvers<undefined>();
  #version: string | undefined;
  #failures = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.firstList = this.#listed.promise;
    this.settled = this.#known.promise;
    this.ended = this.#run().finally(() => this.#settle());
  }

  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<'stopped' | 'vanished'> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#hasVanished(error)) return 'vanished';
        await this.#recover(error);
      }
    }
    return 'stopped';
  }

  async #step(): Promise<void> {
    if (this.#version === undefined) this.#version = await this.#list();
    if (!this.#stop.signal.aborted) await this.#watch(this.#version);
  }

  async #list(): Promise<string> {
    const { api, gvk, target, trim, store, metadataOnly, log } = this.#options;
    store.beginList();
    const accept = metadataOnly === true ? { accept: partial('PartialObjectMetadataList') } : {};
    const what = `list ${target.what}`;
    const { objects, version } = await listPages(api, {
      path: target.path,
      query: target.query,
      what,
      gvk,
      trim,
      ...accept,
    });
    if (this.#stop.signal.aborted) return version;
    store.replace(objects, version);
    this.synced = true;
    this.#settle();
    log.debug({ kind: gvk.kind, objects: objects.length }, 'listed');
    return version;
  }

  async #watch(from: string): Promise<void> {
    const { api, target, metadataOnly, clock, random } = this.#options;
    const seconds = Math.round(WATCH_SECONDS * (1 + random()));
    const cut = new AbortController();
    const watchdog = new Watchdog(clock, seconds * 1000 + GRACE, () => cut.abort());
    const query = {
      ...target.query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(seconds),
    };
    const accept = metadataOnly === true ? { accept: partial('PartialObjectMetadata') } : {};
    const call = { path: target.path, what: `watch ${target.what}`, query, ...accept };
    const started = clock.now();
    try {
      await api.watch(call, (event) => this.#take(event, watchdog), AbortSignal.any([cut.signal, this.#stop.signal]));
    } finally {
      watchdog.end();
    }
    if (cut.signal.aborted)
      throw new ClusterError('unreachable', `watch ${target.what}: nothing was heard for too long`);
    if (watchdog.heard || clock.now() - started >= SHORTEST_WATCH) this.#failures = 0;
    else throw new ClusterError('unreachable', `watch ${target.what}: ended at once`);
  }

  #take({ type, object }: WatchEvent, watchdog: Watchdog): void {
    if (this.#stop.signal.aborted) return;
    const { store, gvk, trim } = this.#options;
    watchdog.hear(type === 'BOOKMARK');
    this.#failures = 0;
    const version = (object['metadata'] as { readonly resourceVersion?: string } | undefined)?.resourceVersion;
    const change = type === 'DELETED' ? 'removed' : 'set';
    const inOrder =
      type === 'BOOKMARK' ? store.observe(version) : store.observe(version, change, trim(asObject(object, gvk)));
    if (!inOrder)
      throw new ClusterError('gone', `watch: version ${version ?? ''} is older than ${this.#version ?? ''}`);
    this.#version = version ?? this.#version;
  }

  #settle(): void {
    this.#listed.resolve(undefined);
    this.#known.resolve(undefined);
  }

  #hasVanished(error: unknown): boolean {
    return this.#options.mayVanish === true && error instanceof ClusterError && error.reason === 'not-found';
  }

  async #recover(error: unknown): Promise<void> {
    const { clock, random } = this.#options;
    if (this.#stop.signal.aborted) return;
    const reason = error instanceof ClusterError ? error.reason : 'server';
    // An API server answers `invalid` to a version it cannot parse, such as one from another storage back-end.
    if (['gone', 'invalid', 'not-found'].includes(reason)) this.#version = undefined;
    if (reason !== 'unreachable') this.#known.resolve(undefined);
    this.#failures += 1;
    const limits = lasting.has(reason) ? BACKOFF_LASTING : BACKOFF;
    const delay = backoffDelay(this.#failures, error, { ...limits, random });
    this.#logInterruption(error, reason, delay);
    await pause(clock, delay, this.#stop.signal);
  }

  /** One broken watch is routine; a watch that cannot be resumed deserves a warning. */
  #logInterruption(error: unknown, reason: string, delay: Milliseconds): void {
    const { log, gvk } = this.#options;
    const next = this.#version === undefined ? 'list' : 'watch';
    const fields = { kind: gvk.kind, reason, next, attempt: this.#failures, retryIn: Math.round(delay), err: error };
    if (this.#failures === 1) log.info(fields, 'watch interrupted');
    else log.warn(fields, 'watch still interrupted');
  }
}

/** Starts the list and watch at once. */
export const reflect = (options: ReflectorOptions): Reflector => new ListWatch(options);

/**
 * One watch: a store and the reflector that feeds it. For an optional kind, the reflector runs only while it is served.
 */
import type { KubeObject } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Api } from './api.ts';
import { backoffDelay } from './backoff.ts';
import { labelMatcher } from '../values/label-selector.ts';
import type { Log } from './log.ts';
import { ObjectStore, type StoreChange } from './object-store.ts';
import { reflect, type Reflector } from './reflector.ts';
import { dropManagedFields, type Trim } from './trim.ts';
import { watchTarget, type WatchSpec } from './watch-spec.ts';

export type KindWatchOptions = {
  readonly api: Api;
  readonly spec: WatchSpec;
  readonly emit: (change: StoreChange) => void;
  /** Called when an optional kind has been listed, and when it is no longer served. */
  readonly onServedChange: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

/**
 * A CustomResourceDefinition appears moments before its kind is served. After this many attempts, only a change to it
 * retries.
 */
const ATTEMPTS = 6;
const BACKOFF = { base: 250, cap: 8000 };

export class KindWatch {
  readonly spec: WatchSpec;
  readonly store: ObjectStore;
  readonly trim: Trim;
  readonly #options: KindWatchOptions;
  #reflector: Reflector | undefined;
  /** Whether the kind should be watched. For an optional kind: whether its CustomResourceDefinition exists. */
  #wanted = false;
  #attempts = 0;
  #cancelRetry: () => void = () => undefined;

  constructor(options: KindWatchOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.trim = options.spec.trim ?? dropManagedFields;
    const { labelSelector, name } = options.spec;
    const matches = labelSelector === undefined ? undefined : labelMatcher(labelSelector);
    const selects = ({ metadata }: KubeObject): boolean =>
      (name === undefined || metadata.name === name) && (matches === undefined || matches(metadata.labels));
    this.store = new ObjectStore({ emit: options.emit, selects });
  }

  get synced(): boolean {
    return this.#reflector?.synced === true;
  }

  /**
   * Resolves when the objects are listed. For an optional kind, also when they cannot be listed or are not watched now.
   */
  async settled(): Promise<void> {
    await (this.spec.optional === true ? this.#reflector?.settled : this.#reflector?.firstList);
  }

  /** Starts the watch. For an optional kind: when its CustomResourceDefinition has appeared or changed. */
  start(): void {
    this.#wanted = true;
    this.#attempts = 0;
    this.#cancelRetry();
    this.#begin();
  }

  /** Ends the watch and clears the store, because the kind's CustomResourceDefinition was removed. */
  withdraw(): void {
    const wasSynced = this.synced;
    void this.stop();
    this.store.clear();
    if (wasSynced) this.#options.onServedChange();
  }

  /** Resolves when the watch has ended. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#cancelRetry();
    const reflector = this.#reflector;
    this.#reflector = undefined;
    reflector?.stop();
    await reflector?.ended;
  }

  #begin(): void {
    if (this.#reflector !== undefined) return;
    const { api, spec, clock, random, log } = this.#options;
    const reflector = reflect({
      api,
      gvk: spec.gvk,
      target: watchTarget(spec),
      store: this.store,
      trim: this.trim,
      metadataOnly: spec.metadataOnly === true,
      mayVanish: spec.optional === true,
      clock,
      random,
      log,
    });
    this.#reflector = reflector;
    if (spec.optional === true) void reflector.firstList.then(() => this.#onListed(reflector));
    void reflector.ended.then((how) => {
      if (how === 'vanished' && this.#reflector === reflector) this.#vanished();
    });
  }

  #onListed(reflector: Reflector): void {
    if (this.#reflector === reflector && reflector.synced) this.#options.onServedChange();
  }

  #vanished(): void {
    const { clock, random, log, spec, onServedChange } = this.#options;
    const wasSynced = this.synced;
    this.#reflector = undefined;
    this.store.clear();
    if (wasSynced) onServedChange();
    this.#attempts += 1;
    log.info({ kind: spec.gvk.kind, attempt: this.#attempts }, 'kind is not served');
    if (!this.#wanted || this.#attempts >= ATTEMPTS) return;
    const delay: Milliseconds = backoffDelay(this.#attempts, undefined, { ...BACKOFF, random });
    this.#cancelRetry = clock.after(delay, () => this.#begin());
  }
}

/** The watch of one spec: a store and the reflector that feeds it, which for an optional kind comes and goes. */
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
  /** An optional kind is there from now on, with its objects, or is no more. */
  readonly cameOrWent: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

/** A definition is there some moments before its kind is served. After these attempts only a change of it starts another. */
const ATTEMPTS = 6;
const BACKOFF = { base: 250, cap: 8000 };

export class KindWatch {
  readonly spec: WatchSpec;
  readonly store: ObjectStore;
  readonly trim: Trim;
  readonly #options: KindWatchOptions;
  #reflector: Reflector | undefined;
  /** Whether its definition is there, as far as anybody knows. */
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

  /** Resolves when the objects are there; for an optional kind also when they cannot be had, or are not to be watched now. */
  async settled(): Promise<void> {
    await (this.spec.optional === true ? this.#reflector?.settled : this.#reflector?.firstList);
  }

  /** Watches from now on. For an optional kind: its definition is there, or has changed. */
  start(): void {
    this.#wanted = true;
    this.#attempts = 0;
    this.#cancelRetry();
    this.#begin();
  }

  /** Forgets the objects: the definition of the kind was removed. */
  withdraw(): void {
    const was = this.synced;
    void this.stop();
    this.store.clear();
    if (was) this.#options.cameOrWent();
  }

  /** Resolves when nothing is under way any more. */
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
    if (spec.optional === true) void reflector.firstList.then(() => this.#hasCome(reflector));
    void reflector.ended.then((how) => {
      if (how === 'vanished' && this.#reflector === reflector) this.#vanished();
    });
  }

  #hasCome(reflector: Reflector): void {
    if (this.#reflector === reflector && reflector.synced) this.#options.cameOrWent();
  }

  #vanished(): void {
    const { clock, random, log, spec, cameOrWent } = this.#options;
    const was = this.synced;
    this.#reflector = undefined;
    this.store.clear();
    if (was) cameOrWent();
    this.#attempts += 1;
    log.info({ kind: spec.gvk.kind, attempt: this.#attempts }, 'kind is not served');
    if (!this.#wanted || this.#attempts >= ATTEMPTS) return;
    const delay: Milliseconds = backoffDelay(this.#attempts, undefined, { ...BACKOFF, random });
    this.#cancelRetry = clock.after(delay, () => this.#begin());
  }
}

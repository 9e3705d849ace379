/**
 * Leader election over a coordination.k8s.io/v1 Lease: one process leads, and another takes over when it stops.
 *
 *   standby ──(free, or unchanged for its whole duration)──► leader ──► renewed every few seconds
 *      ▲                                                       │
 *      └──────── not renewed in time, or taken by another ◄────┘
 *
 * Clocks of different machines are never compared: a lease has expired when it was *observed* unchanged for its
 * duration. All waits use timers, which changes of the wall clock do not affect. A standby sends no requests: its watch
 * reports when the lease is renewed or released, and a timer fires when neither happens in time.
 */
import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { collectionPath, objectPath, refText } from './api-path.ts';
import type { Api, ApiCall } from './api.ts';
import { claimed, leaseKind, type LeaseSpec } from './lease-record.ts';
import { asObject } from './list-pages.ts';
import type { Log } from './log.ts';
import { compareVersions } from './resource-version.ts';

export type LeaseOptions = {
  readonly api: Pick<Api, 'request'>;
  /**
   * Starts watching the lease; reports undefined when it is deleted. A missed event delays a takeover but is never
   * unsafe.
   */
  readonly follow: (seen: (lease: KubeObject | undefined) => void) => void;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process, such as the pod's name with a random suffix. */
  readonly identity: string;
  readonly clock: Clock;
  /** A monotonic clock that keeps counting while this process is stopped: `systemElapsed`. */
  readonly elapsed: () => Milliseconds;
  readonly log: Log;
  /** Called with the lease each time it is acquired. */
  readonly onGained: (lease: KubeObject) => void;
  /**
   * Called when the lease is lost, at most `renewDeadline` after the last renewal: stop all work. Not called after
   * `stop`.
   */
  readonly onLost: () => void;
  readonly times?: LeaseTimes;
  /** 0 to 1, for jitter. Default: Math.random. */
  readonly random?: () => number;
};

export type LeaseTimes = {
  /** How long others respect an unchanged lease. Must exceed `renewDeadline`, or two processes could lead at once. */
  readonly duration: Milliseconds;
  /** How long a leader that cannot renew keeps leading. */
  readonly renewDeadline: Milliseconds;
  /** Time between renewals; a quarter of it after a failure. */
  readonly every: Milliseconds;
};

/**
 * client-go's defaults, except that a 15 s lease is renewed every 4 s, not 2 s; that still leaves time for one failure.
 */
export const leaseTimes = (duration: Milliseconds): LeaseTimes => ({
  duration,
  renewDeadline: (duration * 2) / 3,
  every: (duration * 4) / 15,
});

export interface LeaseHolder {
  /**
   * Whether this process leads right now. Compares clocks instead of relying on timers, which fire late in a process
   * that was stopped for a while.
   */
  readonly leading: boolean;
  /**
   * Releases the lease, so that another process need not wait for it to expire. The caller must have stopped its work.
   * Resolves when the lease is released or releasing it has failed.
   */
  stop(): Promise<void>;
}

const TIMES = leaseTimes(15_000);

/** The time this process may lead after one renewal: `renewDeadline` from the moment the renewal was sent. */
type Term = { until: Milliseconds; cancel: () => void };

class Elector implements LeaseHolder {
  readonly #options: LeaseOptions;
  readonly #times: LeaseTimes;
  readonly #ref: ObjectRef;
  readonly #ended: Promise<void>;
  /** The lease as last seen, and whether it stayed unchanged for its whole duration. */
  #lease: KubeObject | undefined;
  #expired = false;
  #cancelExpiry: () => void = () => undefined;
  /** Set from the last renewal until `onLost` is called. */
  #term: Term | undefined;
  #complained = false;
  #stopped = false;
  #roused = false;
  #wake: () => void = () => undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
    if (this.#times.duration <= this.#times.renewDeadline)
      throw new Error('a lease must last longer than its holder goes on without renewing it');
    this.#ref = { gvk: leaseKind, namespace: options.namespace, name: options.name };
    this.#ended = this.#run();
    options.follow((lease) => this.#seen(lease));
  }

  get leading(): boolean {
    return this.#term !== undefined && this.#options.elapsed() < this.#term.until;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rouse();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#roused = false;
      await this.#attempt();
      await this.#rest();
    }
    this.#cancelExpiry();
    await this.#release();
  }

  /**
   * Waits for the next attempt. While another process holds the lease there is none until the watch or a timer rouses
   * this one.
   */
  async #rest(): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const standby = this.#term === undefined && !this.#complained && !this.#isFree();
    const wait = (this.#complained ? this.#times.every / 4 : this.#times.every) * (0.9 + 0.2 * random());
    if (this.#roused || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const cancel = standby ? () => undefined : clock.after(wait, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #rouse(): void {
    this.#roused = true;
    this.#wake();
  }

  async #attempt(): Promise<void> {
    this.#stepDownInTime();
    try {
      if (this.#term === undefined) await this.#look();
      if (this.#term !== undefined || this.#isFree()) await this.#claim();
      this.#complained = false;
    } catch (err) {
      // Somebody else changed or deleted the lease, so our copy is out of date.
      const outrun = err instanceof ClusterError && ['conflict', 'not-found', 'already-exists'].includes(err.reason);
      if (outrun) await this.#look().catch(() => undefined);
      // Losing to another standby is normal and not worth a warning.
      if (!outrun || this.#isFree()) this.#complain(err);
    }
  }

  #isFree(): boolean {
    const holder = this.#spec().holderIdentity ?? '';
    return this.#lease === undefined || holder === '' || holder === this.#options.identity || this.#expired;
  }

  #spec(): LeaseSpec {
    return this.#lease?.spec ?? {};
  }

  async #look(): Promise<void> {
    let lease: KubeObject | undefined;
    try {
      lease = await this.#request({ method: 'GET', path: objectPath(this.#ref) });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'not-found') throw error;
    }
    this.#note(lease);
  }

  /**
   * Handles a watch event, which may be older than the last response. If the order is unknown, the next renewal settles
   * it.
   */
  #seen(lease: KubeObject | undefined): void {
    if (this.#stopped) return;
    if (lease !== undefined) {
      const order = compareVersions(lease.metadata.resourceVersion, this.#lease?.metadata.resourceVersion);
      if (order === undefined ? this.#term !== undefined : order <= 0) return;
      this.#note(lease);
      if ((this.#spec().holderIdentity ?? '') !== '') return;
    }
    if (this.#term === undefined) this.#rouse();
  }

  /** A changed lease is valid for its full duration from now. */
  #note(lease: KubeObject | undefined): void {
    const changed = lease?.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion;
    this.#lease = lease;
    if (!changed) return;
    this.#cancelExpiry();
    this.#expired = false;
    const seconds = this.#spec().leaseDurationSeconds;
    const duration = seconds === undefined ? this.#times.duration : seconds * 1000;
    this.#cancelExpiry = this.#options.clock.after(duration, () => {
      this.#expired = true;
      this.#rouse();
    });
    const holder = this.#spec().holderIdentity;
    if (holder !== this.#options.identity) this.#lose(`${holder || 'nobody'} holds the lease`);
  }

  /** Acquires or renews the lease. */
  async #claim(): Promise<void> {
    const { clock, elapsed, identity } = this.#options;
    const term: Term = { until: elapsed() + this.#times.renewDeadline, cancel: () => undefined };
    term.cancel = clock.after(this.#times.renewDeadline, () => {
      term.until = 0;
      this.#stepDownInTime();
    });
    try {
      this.#note(await this.#write(identity, this.#times.duration));
    } catch (error) {
      term.cancel();
      throw error;
    }
    // The response came too late to lead on; the next renewal decides.
    if (elapsed() >= term.until) return;
    this.#term?.cancel();
    const gained = this.#term === undefined;
    this.#term = term;
    if (gained && !this.#stopped) this.#gain();
  }

  #write(holder: string, duration: Milliseconds): Promise<KubeObject> {
    const body = claimed(this.#ref, this.#lease, { holder, duration, now: this.#options.clock.now() });
    return this.#lease === undefined
      ? this.#request({ method: 'POST', path: collectionPath(leaseKind, this.#ref.namespace), body })
      : this.#request({ method: 'PUT', path: objectPath(this.#ref), body });
  }

  /** The deadline is the renewal interval: a later response would be overtaken by the next attempt. */
  async #request(call: Pick<ApiCall, 'method' | 'path' | 'body'>): Promise<KubeObject> {
    const what = `${call.method.toLowerCase()} ${refText(this.#ref)}`;
    return asObject(await this.#options.api.request({ ...call, what, deadline: this.#times.every }), leaseKind);
  }

  #gain(): void {
    this.#options.log.info({ lease: this.#ref.name }, 'leading');
    if (this.#lease !== undefined) this.#options.onGained(this.#lease);
  }

  #stepDownInTime(): void {
    if (!this.leading) this.#lose('it could not be renewed in time');
  }

  #lose(because: string): void {
    if (this.#term === undefined) return;
    this.#term.cancel();
    this.#term = undefined;
    this.#options.log.warn({ lease: this.#ref.name, reason: because }, 'no longer leading');
    this.#options.onLost();
  }

  async #release(): Promise<void> {
    this.#term?.cancel();
    this.#term = undefined;
    if (this.#lease === undefined || this.#spec().holderIdentity !== this.#options.identity) return;
    await this.#write('', 1000).then(
      () => this.#options.log.info({ lease: this.#ref.name }, 'the lease is given back'),
      (error: unknown) => this.#complain(error),
    );
  }

  /** Logs only the first of consecutive failures. */
  #complain(err: unknown): void {
    if (!this.#complained) this.#options.log.warn({ lease: this.#ref.name, err }, 'cannot get or renew the lease');
    this.#complained = true;
  }
}

/** Tries to acquire the lease, and again whenever it is lost, until stopped. Starts at once. */
export const holdLease = (options: LeaseOptions): LeaseHolder => new Elector(options);

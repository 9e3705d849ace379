/**
 * Leader election over a coordination.k8s.io/v1 Lease: one process at a time works, another takes over when it stops.
 *
 *   standby ──(free, or unchanged for its whole duration)──► leader ──► renewed every few seconds
 *      ▲                                                       │
 *      └──────── not renewed in time, or taken by another ◄────┘
 *
 * Nobody compares the clocks of two machines: a lease has expired when it was *seen* unchanged for its duration. All waiting
 * is by timers, which a change of the wall clock does not touch. A standby asks for nothing while it waits: a watch tells it
 * that the lease was given back or renewed, and a timer that nothing was heard of it for too long.
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
  /** Begins to tell what a watch sees of the lease; undefined when it is deleted. What is missed costs time, not safety. */
  readonly follow: (seen: (lease: KubeObject | undefined) => void) => void;
  readonly namespace: string;
  readonly name: string;
  /** Who this process is: unique, such as the pod's name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  /** Time that goes by while this process is stopped, too, and that nobody sets: `systemElapsed`. */
  readonly elapsed: () => Milliseconds;
  readonly log: Log;
  /** Called each time the lease is won, with the lease as it is then. */
  readonly onGained: (lease: KubeObject) => void;
  /** Called each time it is lost but not after `stop`, at the latest `renewDeadline` after the last renewal: stop all work. */
  readonly onLost: () => void;
  readonly times?: LeaseTimes;
  /** 0 to 1, for jitter; Math.random. */
  readonly random?: () => number;
};

export type LeaseTimes = {
  /** How long others leave an unchanged lease alone. Longer than `renewDeadline`, or two may work at once. */
  readonly duration: Milliseconds;
  /** How long a leader that cannot renew goes on. */
  readonly renewDeadline: Milliseconds;
  /** Between renewals; a quarter of it after a failure. */
  readonly every: Milliseconds;
};

/** client-go's defaults, but for the renewals: every 4 s of 15 instead of every 2 s leaves room for one that fails. */
export const leaseTimes = (duration: Milliseconds): LeaseTimes => ({
  duration,
  renewDeadline: (duration * 2) / 3,
  every: (duration * 4) / 15,
});

export interface LeaseHolder {
  /**
   * Whether this process may act at this very moment: not only what timers have told so far, which a process that was
   * stopped for a while finds late.
   */
  readonly leading: boolean;
  /**
   * Gives the lease back, so that another need not wait for it to expire; whoever calls has ended its work before. Resolves
   * when that is done or has failed.
   */
  stop(): Promise<void>;
}

const TIMES = leaseTimes(15_000);

/** One renewal's promise to others: from the moment it was asked for, the lease is relied on for `renewDeadline`. */
type Term = { until: Milliseconds; cancel: () => void };

class Elector implements LeaseHolder {
  readonly #options: LeaseOptions;
  readonly #times: LeaseTimes;
  readonly #ref: ObjectRef;
  readonly #ended: Promise<void>;
  /** The lease as last seen, and whether it has been seen unchanged for its whole duration. */
  #lease: KubeObject | undefined;
  #expired = false;
  #cancelExpiry: () => void = () => undefined;
  /** Of the last renewal, until its loss is told. */
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

  /** Whoever knows that somebody else holds the lease has nothing to ask before that one is gone. */
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
      // Somebody else has written, or has deleted the lease: what we know of it is worth nothing now.
      const outrun = err instanceof ClusterError && ['conflict', 'not-found', 'already-exists'].includes(err.reason);
      if (outrun) await this.#look().catch(() => undefined);
      // Another standby was faster: nothing is wrong.
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

  /** From the watch, which lags behind what requests have told. In doubt the next renewal tells whose the lease is. */
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

  /** A lease that has changed is good for another duration, counted from now. */
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

  /** Gets or renews the lease. */
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
    // Answered too late to be relied on; the next renewal will tell.
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

  /** An answer that takes longer than until the next attempt comes too late anyway. */
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

  /** One line for a row of failures. */
  #complain(err: unknown): void {
    if (!this.#complained) this.#options.log.warn({ lease: this.#ref.name, err }, 'cannot get or renew the lease');
    this.#complained = true;
  }
}

/** Starts at once to try for the lease, and again whenever it was lost, until stopped. */
export const holdLease = (options: LeaseOptions): LeaseHolder => new Elector(options);

/**
 * The controller's work queue. A key is queued once however often it is added, and never has two runs at the same time.
 *
 *   add ──► ready ──► in flight ──► done
 *            ▲ ▲          │ failed, or added while in flight
 *   timer ───┘ └──────────┘
 */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';

/** What a finished run asks for: to be run again after a while, or nothing. */
export type RunResult = { readonly again?: Milliseconds };

/** One finished run, for logs and metrics. `waited` is the time between being ready and being started. */
export type RunReport = {
  readonly key: string;
  readonly waited: Milliseconds;
  readonly took: Milliseconds;
  /** How many runs of this key have failed in a row, this one included. 0 after a success. */
  readonly failures: number;
  readonly error?: unknown;
  /** When a failed key is tried again. */
  readonly retryIn?: Milliseconds;
};

export type QueueOptions = {
  readonly clock: Clock;
  readonly workers: number;
  /** Works on one key. A rejection is retried with back-off; a ClusterError's `retryAfter` is respected. */
  readonly run: (key: string) => Promise<RunResult>;
  /** Delay after the first failure, doubled at each further one up to `cap`. */
  readonly backoff: { readonly base: Milliseconds; readonly cap: Milliseconds };
  readonly report?: (report: RunReport) => void;
  /** 0 to 1; takes up to a quarter off each back-off so that keys which failed together do not come back together. */
  readonly random?: () => number;
};

export interface WorkQueue {
  /** Runs the key as soon as a worker is free, and ends its back-off. A running key runs once more afterwards. */
  add(key: string): void;
  /**
   * Runs the key after `delay`. Only the earliest time of a key is kept. A run cancels the time that was set before it
   * started: its own result says when the next run is due.
   */
  addAfter(key: string, delay: Milliseconds): void;
  /** Keys ready to be run, not counting those in flight or waiting for a time. */
  depth(): number;
  inFlight(): number;
  /** Starts nothing more, drops all timers, and resolves when no run is in flight. Whatever is added later is ignored. */
  drain(): Promise<void>;
}

type Wait = { readonly at: Instant; readonly cancel: () => void };

/** How many runs in a row a key may request for itself at once. A series of writes needs several. */
const atOnce = 8;

class Queue implements WorkQueue {
  readonly #options: QueueOptions;
  readonly #ready = new Map<string, Instant>();
  readonly #running = new Set<string>();
  readonly #addedWhileRunning = new Set<string>();
  readonly #waits = new Map<string, Wait>();
  readonly #failures = new Map<string, number>();
  /** How many runs of a key in a row have asked to be run again at once, with nothing new since. */
  readonly #inARow = new Map<string, number>();
  #draining: (() => void)[] | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#draining !== undefined) return;
    this.#inARow.delete(key);
    this.#start(key);
  }

  #start(key: string): void {
    this.#stopWaiting(key);
    if (this.#running.has(key)) this.#addedWhileRunning.add(key);
    else if (!this.#ready.has(key)) this.#ready.set(key, this.#options.clock.now());
    this.#startWhatFits();
  }

  addAfter(key: string, delay: Milliseconds): void {
    if (this.#draining !== undefined) return;
    if (delay <= 0) {
      this.#start(key);
      return;
    }
    if (this.#ready.has(key) || this.#addedWhileRunning.has(key)) return;
    const at = this.#options.clock.now() + delay;
    const known = this.#waits.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.cancel();
    this.#waits.set(key, { at, cancel: this.#options.clock.after(delay, () => this.#start(key)) });
  }

  depth(): number {
    return this.#ready.size;
  }

  inFlight(): number {
    return this.#running.size;
  }

  drain(): Promise<void> {
    const waiting = (this.#draining ??= []);
    for (const key of [...this.#waits.keys()]) this.#stopWaiting(key);
    this.#ready.clear();
    this.#addedWhileRunning.clear();
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  }

  #stopWaiting(key: string): void {
    this.#waits.get(key)?.cancel();
    this.#waits.delete(key);
  }

  #startWhatFits(): void {
    for (const [key, since] of this.#ready) {
      if (this.#running.size >= this.#options.workers) return;
      this.#ready.delete(key);
      this.#running.add(key);
      void this.#work(key, since);
    }
  }

  async #work(key: string, readySince: Instant): Promise<void> {
    const { clock, run, report } = this.#options;
    const started = clock.now();
    let outcome: Pick<RunReport, 'failures' | 'error' | 'retryIn'>;
    try {
      const { again } = await run(key);
      this.#failures.delete(key);
      outcome = { failures: 0 };
      this.#finish(key, again);
    } catch (error) {
      outcome = this.#fail(key, error);
      this.#finish(key, outcome.retryIn);
    }
    report?.({ key, waited: started - readySince, took: clock.now() - started, ...outcome });
  }

  #fail(key: string, error: unknown): Pick<RunReport, 'failures' | 'error' | 'retryIn'> {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    // Keys added during a failed run wait for the back-off, too: most often the run's own writes added them.
    this.#addedWhileRunning.delete(key);
    this.#stopWaiting(key);
    return { failures, error, retryIn: this.#retryDelay(failures, error) };
  }

  #finish(key: string, again: Milliseconds | undefined): void {
    this.#running.delete(key);
    const addedMeanwhile = this.#addedWhileRunning.delete(key);
    if (addedMeanwhile) this.#start(key);
    else if (again !== undefined) this.addAfter(key, this.#spaced(key, again));
    else this.#inARow.delete(key);
    this.#startWhatFits();
    if (this.#running.size === 0) this.#draining?.splice(0).forEach((resolve) => resolve());
  }

  /** Backs off a key that keeps requesting itself although nothing new has happened: that would flood the API server. */
  #spaced(key: string, again: Milliseconds): Milliseconds {
    const { base, cap } = this.#options.backoff;
    if (again >= base) {
      this.#inARow.delete(key);
      return again;
    }
    const times = (this.#inARow.get(key) ?? 0) + 1;
    this.#inARow.set(key, times);
    return times <= atOnce ? again : Math.max(again, Math.min(cap, base * 2 ** (times - atOnce - 1)));
  }

  #retryDelay(failures: number, error: unknown): Milliseconds {
    const { base, cap } = this.#options.backoff;
    const exponential = Math.min(cap, base * 2 ** (failures - 1));
    const jittered = exponential * (1 - 0.25 * (this.#options.random ?? Math.random)());
    const asked = error instanceof ClusterError ? (error.retryAfter ?? 0) : 0;
    return Math.max(jittered, asked);
  }
}

export const workQueue = (options: QueueOptions): WorkQueue => new Queue(options);

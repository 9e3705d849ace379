/** The queue of questions to one source: collects, merges and sends them, a few at a time. */
import { batches, rangeOf, takeApart, type Batch, type Sized } from '../core/questions/merge.ts';
import type { Ask, Fetched } from '../core/questions/source-form.ts';
import type { Clock } from '../ports/clock.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { deadlineIn, heeding, type Deadline } from './deadline.ts';
import type { AskingLimits } from './limits.ts';
import { Rate } from './rate.ts';

/** A pending ask. Exactly one of its two functions is called, once, unless the ask is withdrawn before. */
export type Asking = {
  readonly ask: Ask;
  /** Expected length of the answer. */
  readonly bytes: number;
  /** When its window ends; it is not sent before. */
  readonly due: Instant;
  /** `bytes` in `share` estimates how long the answer to this ask alone would have been. */
  readonly answered: (share: Fetched) => void;
  readonly failed: (because: string) => void;
};

export type LaneOptions = {
  readonly source: MetricSource;
  readonly clock: Clock;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly limits: AskingLimits;
};

/** `ready` is when the ask could first be sent. */
type Entry = Sized & { readonly asking: Asking; readonly ready: Instant };

type Flight = { readonly batch: Batch<Entry>; readonly waited: Set<Asking>; readonly deadline: Deadline };

const earliest = (entries: Iterable<Entry>): Instant => Math.min(...[...entries].map(({ ready }) => ready));
const latest = (entries: Iterable<Entry>): Instant => Math.max(...[...entries].map(({ ready }) => ready));

export class Lane {
  readonly #options: LaneOptions;
  readonly #rate: Rate;
  readonly #waiting = new Map<Asking, Entry>();
  readonly #flights = new Set<Flight>();
  #timer: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #jitter: Milliseconds = 0;
  /** The time of the last pass. */
  #latest: Instant = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#rate = new Rate(options.limits.rate, options.limits.concurrency);
    this.#drawJitter();
  }

  /**
   * Returns a function that withdraws the ask: neither callback is called, and its request is aborted unless another ask
   * shares it.
   */
  add(asking: Asking): () => void {
    const ready = Math.max(this.#now(), asking.due);
    this.#waiting.set(asking, { asking, ready, ask: asking.ask, bytes: asking.bytes });
    this.#wakeAt(ready + this.#options.limits.gather.quiet + this.#jitter);
    return () => this.#withdraw(asking);
  }

  #withdraw(asking: Asking): void {
    this.#waiting.delete(asking);
    if (this.#waiting.size === 0) this.#sleep();
    for (const { waited, deadline } of this.#flights) if (waited.delete(asking) && waited.size === 0) deadline.abort();
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  #drawJitter(): void {
    this.#jitter = this.#options.random() * this.#options.limits.jitter;
  }

  #sleep(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wakeAt(at: Instant): void {
    if (!Number.isFinite(at) || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#sleep();
    const cancel = this.#options.clock.after(Math.max(0, at - this.#now()), () => {
      this.#timer = undefined;
      this.#advance();
    });
    this.#timer = { at, cancel };
  }

  /** Sends what is due, and sets the timer for what comes next. */
  #advance(): void {
    const now = this.#now();
    if (now < this.#latest) this.#clockWentBack(now);
    this.#latest = now;
    this.#giveUp(now);
    const due = [...this.#waiting.values()].filter(({ ready }) => ready <= now);
    const at = this.#sendAt(due);
    if (at <= now) this.#send(due, now);
    else this.#wakeAt(at);
    this.#wakeForRest(now);
  }

  /** After the clock was set back, asks that could be sent before can still be sent. */
  #clockWentBack(now: Instant): void {
    for (const [asking, entry] of this.#waiting)
      if (entry.ready <= this.#latest) this.#waiting.set(asking, { ...entry, ready: now });
  }

  /** When to send: once no further asks that could share the request are expected. */
  #sendAt(due: readonly Entry[]): Instant {
    const { quiet, most } = this.#options.limits.gather;
    return Math.min(earliest(due) + most, latest(due) + quiet) + this.#jitter;
  }

  #send(due: readonly Entry[], now: Instant): void {
    for (const batch of batches(due, this.#options.limits.batch)) {
      // The next request is sent when a running one ends.
      if (this.#flights.size >= this.#options.limits.concurrency) return;
      const turn = this.#rate.next(now);
      if (turn > now) {
        this.#wakeAt(turn);
        return;
      }
      this.#rate.take(now);
      this.#start(batch);
    }
    this.#drawJitter();
  }

  #wakeForRest(now: Instant): void {
    const rest = [...this.#waiting.values()];
    const { gather, patience } = this.#options.limits;
    this.#wakeAt(earliest(rest) + patience);
    this.#wakeAt(earliest(rest.filter(({ ready }) => ready > now)) + gather.quiet + this.#jitter);
  }

  #giveUp(now: Instant): void {
    const { patience } = this.#options.limits;
    const waiting = this.#waiting.size;
    for (const { asking, ready } of this.#waiting.values()) {
      if (ready + patience > now) continue;
      this.#waiting.delete(asking);
      asking.failed(
        `the metric source did not get to this question within ${patience / 1000} s, with ${waiting} waiting: it is too slow`,
      );
    }
  }

  #start(batch: Batch<Entry>): void {
    const { clock, limits } = this.#options;
    for (const { asking } of batch.members) this.#waiting.delete(asking);
    const waited = new Set(batch.members.map(({ asking }) => asking));
    const flight: Flight = { batch, waited, deadline: deadlineIn(clock, limits.deadline) };
    this.#flights.add(flight);
    void this.#fetch(flight).finally(() => {
      flight.deadline.clear();
      this.#flights.delete(flight);
      this.#advance();
    });
  }

  async #fetch(flight: Flight): Promise<void> {
    const { source, clock } = this.#options;
    const { signal } = flight.deadline;
    try {
      const fetched = await heeding(source.fetch(flight.batch.ask, signal, this.#most(flight)), signal, clock);
      hand(flight, fetched);
    } catch (error) {
      if (isTooLarge(error) && isDivisible(flight)) this.#askForLess(flight);
      else for (const asking of flight.waited) asking.failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** The byte limit of a request; none for a single ask, whose answer is read to the source's own limit. */
  #most(flight: Flight): number | undefined {
    return isDivisible(flight) ? 2 * this.#options.limits.batch.bytes : undefined;
  }

  /** Raises the expected size of each ask, so that only half as many are merged next time. */
  #askForLess({ batch, waited }: Flight): void {
    const each = this.#options.limits.batch.bytes / Math.floor(batch.members.length / 2);
    for (const entry of batch.members)
      if (waited.has(entry.asking)) this.#waiting.set(entry.asking, { ...entry, bytes: each * ownPart(entry, batch) });
  }
}

const isDivisible = ({ batch: { ask, members } }: Flight): boolean => ask.shape === 'samples' && members.length > 1;

const isTooLarge = (error: unknown): boolean => error instanceof MetricError && error.reason === 'too-large';

/** The fraction of the merged time range that one ask needs. */
const ownPart = ({ ask }: Entry, batch: Batch<Entry>): number => rangeOf(ask) / rangeOf(batch.ask);

/** Gives every pending ask its part of the response. */
const hand = ({ batch, waited }: Flight, fetched: Fetched): void => {
  const own = takeApart(batch, fetched.series);
  const all = [...own.values()].reduce((sum, { length }) => sum + length, 0);
  for (const [entry, series] of own) {
    if (!waited.has(entry.asking)) continue;
    const share = all === 0 ? 1 / batch.members.length : series.length / all;
    entry.asking.answered({ series, notes: fetched.notes, bytes: fetched.bytes * share * ownPart(entry, batch) });
  }
};

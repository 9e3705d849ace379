/**
 * The journal as Kubernetes events. Entries wait in a bounded queue and are sent one at a time, so that a slow API server costs
 * nobody else anything; what repeats within a while becomes a count on the first event.
 */
import { randomBytes } from 'node:crypto';
import type { ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { pause, type Clock } from '../ports/clock.ts';
import { ClusterError, type ClusterWriter } from '../ports/cluster.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';
import { backoffDelay } from './backoff.ts';
import { eventOf, ownEntry, seriesKey, seriesPatch, type EventAuthor } from './event.ts';
import type { Log } from './log.ts';

export type JournalOptions = {
  readonly writer: Pick<ClusterWriter, 'create' | 'patch'>;
  readonly author: EventAuthor;
  readonly clock: Clock;
  readonly log: Log;
  /** Most entries that wait to be sent; 4,096. Further ones are dropped and counted. */
  readonly capacity?: number;
  /** 0 to 1, for jitter; Math.random. */
  readonly random?: () => number;
};

export interface KubeJournal extends Journal {
  /** Entries that were dropped because the queue was full or the API server would not take them. */
  readonly dropped: number;
  /** Sends what waits, for at most `limit`, and takes no more. */
  close(limit: Milliseconds): Promise<void>;
}

/** As long as client-go counts repetitions on one event. */
const WINDOW: Milliseconds = 360_000;
/** The first repetition is told at once, later ones together and at most this often. */
const COUNT_EVERY: Milliseconds = 60_000;
const MOST_SERIES = 2048;
const CAPACITY = 4096;
const ATTEMPTS = 4;
const BACKOFF = { base: 500, cap: 8000 };

/** The same entry, again and again. */
type Series = {
  readonly key: string;
  readonly entry: JournalEntry;
  readonly first: Instant;
  last: Instant;
  count: number;
  /** The Event, once it has been made. */
  ref: ObjectRef | undefined;
  /** The count that the API server knows, and since when. */
  told: { readonly count: number; readonly at: Instant } | undefined;
  queued: boolean;
  cancelTimer: (() => void) | undefined;
};

const isAlreadyThere = (error: unknown): boolean => error instanceof ClusterError && error.reason === 'already-exists';

class EventJournal implements KubeJournal {
  dropped = 0;
  readonly #options: JournalOptions;
  readonly #series = new Map<string, Series>();
  readonly #queue: Series[] = [];
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;
  #closed = false;
  #complained = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  record(told: JournalEntry): void {
    if (this.#closed) return;
    const entry = ownEntry(told);
    const now = this.#options.clock.now();
    const key = seriesKey(entry);
    const known = this.#series.get(key);
    if (known === undefined || now - known.last >= WINDOW) {
      this.#enqueue(this.#open(key, entry, now));
      return;
    }
    known.count += 1;
    known.last = now;
    this.#enqueueWhenDue(known, now);
  }

  async close(limit: Milliseconds): Promise<void> {
    this.#closed = true;
    for (const series of this.#series.values()) {
      if (series.cancelTimer === undefined) continue;
      series.cancelTimer();
      this.#enqueue(series);
    }
    const enough = new AbortController();
    const timeUp = pause(this.#options.clock, limit, enough.signal).then(() => this.#closing.abort());
    await Promise.race([this.#sending, timeUp]);
    enough.abort();
    this.dropped += this.#queue.splice(0).length;
  }

  #open(key: string, entry: JournalEntry, now: Instant): Series {
    for (const [oldest, { last }] of this.#series) {
      if (this.#series.size < MOST_SERIES && now - last < WINDOW) break;
      this.#series.delete(oldest);
    }
    const rest = { ref: undefined, told: undefined, queued: false, cancelTimer: undefined };
    const series: Series = { key, entry, first: now, last: now, count: 1, ...rest };
    this.#series.delete(key);
    this.#series.set(key, series);
    return series;
  }

  #enqueueWhenDue(series: Series, now: Instant): void {
    if (series.queued || series.cancelTimer !== undefined) return;
    const { told } = series;
    const wait = this.#closed || told === undefined || told.count < 2 ? 0 : told.at + COUNT_EVERY - now;
    if (wait <= 0) this.#enqueue(series);
    else series.cancelTimer = this.#options.clock.after(wait, () => this.#enqueue(series));
  }

  #enqueue(series: Series): void {
    series.cancelTimer = undefined;
    if (series.queued) return;
    if (this.#queue.length >= (this.#options.capacity ?? CAPACITY)) {
      this.#drop(series, 'too many events are waiting');
      return;
    }
    series.queued = true;
    this.#queue.push(series);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    // Whoever records is in the middle of something: nothing is sent in its turn.
    await Promise.resolve();
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.queued = false;
      await this.#send(series);
      if (series.count > (series.told?.count ?? series.count)) this.#enqueueWhenDue(series, this.#options.clock.now());
    }
  }

  async #send(series: Series): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    for (let attempt = 1; !this.#closing.signal.aborted; attempt += 1) {
      try {
        await this.#tell(series);
        return;
      } catch (error) {
        if (!(error instanceof ClusterError) || !error.passing || attempt >= ATTEMPTS) {
          this.#drop(series, error);
          return;
        }
        await pause(clock, backoffDelay(attempt, error, { ...BACKOFF, random }), this.#closing.signal);
      }
    }
    this.#drop(series, 'closed before it was sent');
  }

  async #tell(series: Series): Promise<void> {
    const { count } = series;
    // Events live for an hour by default: one that has expired is made again.
    const counted = series.ref !== undefined && (await this.#count(series.ref, series));
    if (!counted) series.ref = await this.#create(series);
    series.told = { count: counted ? count : 1, at: this.#options.clock.now() };
    this.#complained = false;
  }

  async #create({ entry, first }: Series): Promise<ObjectRef> {
    const { writer, author } = this.#options;
    const event = eventOf(entry, author, entry.at ?? first, entry.id ?? randomBytes(8).toString('hex'));
    try {
      await writer.create(event, kinds.event);
    } catch (error) {
      // Told before, by an earlier self that ended before it could say so.
      if (entry.id === undefined || !isAlreadyThere(error)) throw error;
    }
    const { name, namespace = '' } = event.metadata;
    return { gvk: kinds.event, namespace, name };
  }

  /** False when the event is not there any more. */
  async #count(ref: ObjectRef, { count, last }: Series): Promise<boolean> {
    try {
      await this.#options.writer.patch(ref, { type: 'merge', body: seriesPatch(count, last) });
      return true;
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'not-found') return false;
      throw error;
    }
  }

  /** The next one of its kind starts a new series. One log line until something gets through again. */
  #drop(series: Series, err: unknown): void {
    this.dropped += 1;
    if (this.#series.get(series.key) === series) this.#series.delete(series.key);
    if (!this.#complained) this.#options.log.warn({ reason: series.entry.reason, err }, 'event dropped');
    this.#complained = true;
  }
}

export const kubeJournal = (options: JournalOptions): KubeJournal => new EventJournal(options);

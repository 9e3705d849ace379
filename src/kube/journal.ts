/**
 * Records the journal as Kubernetes events. Entries wait in a bounded queue and are sent one at a time, so that a slow
 * API server delays nothing else. Repetitions within `WINDOW` only raise the count of the first event.
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
  /** Size of the queue; further entries are dropped and counted. Default: 4,096. */
  readonly capacity?: number;
  /** 0 to 1, for jitter. Default: Math.random. */
  readonly random?: () => number;
};

export interface KubeJournal extends Journal {
  /** How many entries were dropped because the queue was full or the API server refused them. */
  readonly dropped: number;
  /** Accepts no more entries, and spends at most `limit` on sending the queued ones. */
  close(limit: Milliseconds): Promise<void>;
}

/** client-go's window for counting repetitions on one event. */
const WINDOW: Milliseconds = 360_000;
/** The first repetition is sent at once, later ones together at this interval. */
const COUNT_EVERY: Milliseconds = 60_000;
const MOST_SERIES = 2048;
const CAPACITY = 4096;
const ATTEMPTS = 4;
const BACKOFF = { base: 500, cap: 8000 };

/** An entry and its repetitions. */
type Series = {
  readonly key: string;
  readonly entry: JournalEntry;
  readonly first: Instant;
  last: Instant;
  count: number;
  /** The Event, once created. */
  ref: ObjectRef | undefined;
  /** The count last sent to the API server, and when. */
  sent: { readonly count: number; readonly at: Instant } | undefined;
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
  #warned = false;

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
    const rest = { ref: undefined, sent: undefined, queued: false, cancelTimer: undefined };
    const series: Series = { key, entry, first: now, last: now, count: 1, ...rest };
    this.#series.delete(key);
    this.#series.set(key, series);
    return series;
  }

  #enqueueWhenDue(series: Series, now: Instant): void {
    if (series.queued || series.cancelTimer !== undefined) return;
    const { sent } = series;
    const wait = this.#closed || sent === undefined || sent.count < 2 ? 0 : sent.at + COUNT_EVERY - now;
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
    // `record` must return to its caller before anything is sent.
    await Promise.resolve();
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      series.queued = false;
      await this.#send(series);
      if (series.count > (series.sent?.count ?? series.count)) this.#enqueueWhenDue(series, this.#options.clock.now());
    }
  }

  async #send(series: Series): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    for (let attempt = 1; !this.#closing.signal.aborted; attempt += 1) {
      try {
        await this.#write(series);
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

  async #write(series: Series): Promise<void> {
    const { count } = series;
    // Events expire, by default after an hour; an expired one is created again.
    const counted = series.ref !== undefined && (await this.#count(series.ref, series));
    if (!counted) series.ref = await this.#create(series);
    series.sent = { count: counted ? count : 1, at: this.#options.clock.now() };
    this.#warned = false;
  }

  async #create({ entry, first }: Series): Promise<ObjectRef> {
    const { writer, author } = this.#options;
    const event = eventOf(entry, author, entry.at ?? first, entry.id ?? randomBytes(8).toString('hex'));
    try {
      await writer.create(event, kinds.event);
    } catch (error) {
      // An earlier process created the event and was killed before it could record that.
      if (entry.id === undefined || !isAlreadyThere(error)) throw error;
    }
    const { name, namespace = '' } = event.metadata;
    return { gvk: kinds.event, namespace, name };
  }

  /** Returns false if the event no longer exists. */
  async #count(ref: ObjectRef, { count, last }: Series): Promise<boolean> {
    try {
      await this.#options.writer.patch(ref, { type: 'merge', body: seriesPatch(count, last) });
      return true;
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'not-found') return false;
      throw error;
    }
  }

  /** The next repetition starts a new series. Logs once until an event gets through again. */
  #drop(series: Series, err: unknown): void {
    this.dropped += 1;
    if (this.#series.get(series.key) === series) this.#series.delete(series.key);
    if (!this.#warned) this.#options.log.warn({ reason: series.entry.reason, err }, 'event dropped');
    this.#warned = true;
  }
}

export const kubeJournal = (options: JournalOptions): KubeJournal => new EventJournal(options);

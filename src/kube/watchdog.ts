/** Detects a stalled watch. A half-open connection delivers nothing, but neither does a healthy one without changes. */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Bookmarks come about once a minute, but not from every API server and not for every kind. Their absence means
 * something only after the first one.
 */
const SILENCE_WITH_BOOKMARKS: Milliseconds = 150_000;

/** Calls `onStall` when nothing has arrived for `limit`, or for a shorter time once a bookmark has been seen. */
export class Watchdog {
  heard = false;
  readonly #clock: Clock;
  readonly #onStall: () => void;
  #limit: Milliseconds;
  #last: Instant;
  #cancel: () => void;

  constructor(clock: Clock, limit: Milliseconds, onStall: () => void) {
    this.#clock = clock;
    this.#limit = limit;
    this.#onStall = onStall;
    this.#last = clock.now();
    this.#cancel = clock.after(limit, () => this.#check());
  }

  hear(bookmark: boolean): void {
    this.heard = true;
    this.#last = this.#clock.now();
    if (!bookmark || this.#limit <= SILENCE_WITH_BOOKMARKS) return;
    this.#limit = SILENCE_WITH_BOOKMARKS;
    this.#cancel();
    this.#cancel = this.#clock.after(this.#limit, () => this.#check());
  }

  end(): void {
    this.#cancel();
  }

  #check(): void {
    const silent = Math.max(0, this.#clock.now() - this.#last);
    if (silent >= this.#limit) this.#onStall();
    else this.#cancel = this.#clock.after(this.#limit - silent, () => this.#check());
  }
}

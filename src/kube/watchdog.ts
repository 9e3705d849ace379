/** Notices a watch that is open but dead: a half-open connection says nothing, and neither does a healthy quiet one. */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Bookmarks come about once a minute, but not from every API server and not for every kind: only where one was seen is
 * their absence a sign.
 */
const SILENCE_WITH_BOOKMARKS: Milliseconds = 150_000;

/** Calls `bark` once nothing was heard for `limit`, or for a shorter time after a bookmark. */
export class Watchdog {
  heard = false;
  readonly #clock: Clock;
  readonly #bark: () => void;
  #limit: Milliseconds;
  #last: Instant;
  #cancel: () => void;

  constructor(clock: Clock, limit: Milliseconds, bark: () => void) {
    this.#clock = clock;
    this.#limit = limit;
    this.#bark = bark;
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
    if (silent >= this.#limit) this.#bark();
    else this.#cancel = this.#clock.after(this.#limit - silent, () => this.#check());
  }
}

/** A token bucket: a few at once, and then so many a second. */
import type { Instant, Milliseconds } from '../values/time.ts';

export class Rate {
  readonly #gap: Milliseconds;
  readonly #burst: number;
  /** When the bucket would be full again. */
  #full: Instant = 0;

  constructor(perSecond: number, burst: number) {
    this.#gap = 1000 / perSecond;
    this.#burst = burst;
  }

  /** When the next one may go: not after `now` means now. */
  next(now: Instant): Instant {
    // Later than an empty bucket would be full: the clock went back.
    this.#full = Math.min(this.#full, now + this.#burst * this.#gap);
    return Math.max(now, this.#full - (this.#burst - 1) * this.#gap);
  }

  take(now: Instant): void {
    this.#full = Math.max(now, this.#full) + this.#gap;
  }
}

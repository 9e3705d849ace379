/** A token bucket: a burst at first, then a fixed rate per second. */
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

  /** When the next request may be sent; a time up to `now` means at once. */
  next(now: Instant): Instant {
    // A later time is only possible if the clock was set back.
    this.#full = Math.min(this.#full, now + this.#burst * this.#gap);
    return Math.max(now, this.#full - (this.#burst - 1) * this.#gap);
  }

  take(now: Instant): void {
    this.#full = Math.max(now, this.#full) + this.#gap;
  }
}

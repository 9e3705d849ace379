import type { Instant, Milliseconds } from '../core/time.ts';

/** The only way time enters. `after` returns a function that cancels. */
export interface Clock {
  now(): Instant;
  after(delay: Milliseconds, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};

/**
 * The API server's idea of the time. It is the API server that finds a certificate expired or not yet valid, so certificates
 * are made and judged by its clock; where this machine's is right, the two are the same.
 */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export interface ServerClock extends Clock {
  /** An answer came: its `Date` header, and when, by this machine's clock, it was asked for. */
  heard(date: string | undefined, asked: Instant): void;
  /** How far this machine's clock is ahead of the API server's; 0 where they cannot be told apart. */
  readonly skew: Milliseconds;
}

/** A `Date` header says whole seconds, cut off. */
const resolution: Milliseconds = 1000;
/** What is known to a second is not made better by the next answer: estimates must not flicker. */
const tolerance: Milliseconds = 1000;

/** `onSkew` is called each time the skew turns out to be another one. */
export const serverClock = (clock: Clock, onSkew: (skew: Milliseconds) => void = () => undefined): ServerClock => {
  let skew: Milliseconds = 0;
  return {
    now: () => clock.now() - skew,
    after: (delay, run) => clock.after(delay, run),
    heard: (date, asked) => {
      const at = Date.parse(date ?? '');
      // The answer was written at some moment between the question and now.
      const [least, most] = [asked - at - resolution, clock.now() - at];
      const fits = (value: Milliseconds): boolean => least - tolerance <= value && value <= most + tolerance;
      // A clock that was set back in between tells nothing.
      if (Number.isNaN(at) || least > most || fits(skew)) return;
      skew = fits(0) ? 0 : Math.round((least + most) / 2);
      onSkew(skew);
    },
    get skew() {
      return skew;
    },
  };
};

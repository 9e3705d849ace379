/**
 * The API server's clock, estimated from its responses. The API server decides whether a certificate has expired or is
 * not valid yet, so certificates are issued and judged by its clock, not this machine's.
 */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from './clock.ts';

export interface ServerClock extends Clock {
  /** Takes a response's `Date` header and the time, by this machine's clock, its request was sent. */
  heard(date: string | undefined, asked: Instant): void;
  /** How far this machine's clock is ahead of the API server's; 0 if no difference can be measured. */
  readonly skew: Milliseconds;
}

/** A `Date` header is truncated to whole seconds. */
const resolution: Milliseconds = 1000;
/** The estimate is kept while it is within a second of the latest response, so that it does not flicker. */
const tolerance: Milliseconds = 1000;

/** `onSkew` is called each time the estimate changes. */
export const serverClock = (clock: Clock, onSkew: (skew: Milliseconds) => void = () => undefined): ServerClock => {
  let skew: Milliseconds = 0;
  return {
    now: () => clock.now() - skew,
    after: (delay, run) => clock.after(delay, run),
    heard: (date, asked) => {
      const at = Date.parse(date ?? '');
      // The response was written at some moment between the request and now.
      const [least, most] = [asked - at - resolution, clock.now() - at];
      const fits = (value: Milliseconds): boolean => least - tolerance <= value && value <= most + tolerance;
      // `least > most` means that this machine's clock was set back during the request.
      if (Number.isNaN(at) || least > most || fits(skew)) return;
      skew = fits(0) ? 0 : Math.round((least + most) / 2);
      onSkew(skew);
    },
    get skew() {
      return skew;
    },
  };
};

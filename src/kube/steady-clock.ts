/**
 * The clock that releases go by: the API server's time, so that every controller means the same by an instant, carried on
 * by a clock that nobody can set. Once it runs it never jumps. Where the API server's clock turns out to be another, or
 * several API servers disagree, it follows at a tenth of the speed of time: no span is ever passed, or begun again, by it.
 */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { serverClock } from '../ports/server-clock.ts';

export interface SteadyClock extends Clock {
  /** Takes a response's `Date` header and the time, by the clock underneath, its request was sent. */
  heard(date: string | undefined, asked: Instant): void;
}

/** `below`: the clock underneath; `shown`: what was made of it. */
export type Reading = { readonly below: Instant; readonly shown: number };

const gentle = 10;
/**
 * A `Date` header tells whole seconds, so two controllers may differ by more than one. The one that begins is rather late:
 * what another has begun, such as the wait before pods are removed, must not be over too soon.
 */
const late: Milliseconds = 2000;

/** The next reading. `ahead`: how far the clock underneath is ahead of the API server's. */
export const nextReading = ({ below, shown }: Reading, now: Instant, ahead: Milliseconds): Reading => {
  const passed = Math.max(0, now - below);
  const gap = now - ahead - (shown + passed);
  const most = passed / gentle;
  return { below: now, shown: shown + passed + Math.min(most, Math.max(-most, gap)) };
};

/** `clock` must not be settable: see `unsettable`. The first response sets the time; until then it is what `clock` says. */
export const steadyClock = (clock: Clock): SteadyClock => {
  const server = serverClock(clock);
  let isSet = false;
  let reading: Reading = { below: clock.now(), shown: clock.now() };
  return {
    now: () => {
      reading = nextReading(reading, clock.now(), server.skew);
      return Math.floor(reading.shown);
    },
    after: (delay, run) => clock.after(delay, run),
    heard: (date, asked) => {
      server.heard(date, asked);
      if (isSet || Number.isNaN(Date.parse(date ?? ''))) return;
      isSet = true;
      reading = { below: clock.now(), shown: clock.now() - server.skew - (server.skew === 0 ? 0 : late) };
    },
  };
};

import type { Instant, Milliseconds } from '../values/time.ts';

/** The only way time enters. `after` returns a function that cancels. */
export interface Clock {
  now(): Instant;
  after(delay: Milliseconds, run: () => void): () => void;
}

/** Resolves after `delay`, or at once when `signal` is aborted. */
export const pause = (clock: Clock, delay: Milliseconds, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delay, end);
    signal?.addEventListener('abort', end);
  });

/** Node's timers count in 32 bits: a longer delay would fire at once. */
const LONGEST_TIMER: Milliseconds = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delay, run) => {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (left: Milliseconds): void => {
      timer = setTimeout(
        () => (left > LONGEST_TIMER ? arm(left - LONGEST_TIMER) : run()),
        Math.min(left, LONGEST_TIMER),
      );
    };
    arm(delay);
    return () => clearTimeout(timer);
  },
};

/**
 * Time since this process began, whatever is done to the clock; it goes by while the process is stopped, too (Linux' monotonic
 * clock, which only a suspended machine holds up).
 */
export const systemElapsed = (): Milliseconds => performance.now();

/** The time of `clock` at the start, carried on by what goes by since: nobody can set it. */
export const unsettable = (clock: Clock, elapsed: () => Milliseconds = systemElapsed): Clock => {
  const start = clock.now() - elapsed();
  return { now: () => Math.floor(start + elapsed()), after: (delay, run) => clock.after(delay, run) };
};

/** A clock that only moves when told to: for tests, simulation and dry runs. */
export interface ManualClock extends Clock {
  /** Moves on by `duration` and runs what became due, in order of time; timers set by those are run too if due by then. */
  advance(duration: Milliseconds): void;
  /** Like `advance`, and lets promises settle after every timer, so that what a timer started can set the next one. */
  advanceAsync(duration: Milliseconds): Promise<void>;
  /** Delays until each timer that is set, soonest first. */
  waiting(): readonly Milliseconds[];
}

type Timer = { readonly at: Instant; readonly run: () => void };

const turnOfEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const soonest = (timers: ReadonlySet<Timer>, until: Instant): Timer | undefined => {
  let first: Timer | undefined;
  for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
  return first;
};

/** `start` is an arbitrary moment in 2026, so that texts made from it look like times. */
export const manualClock = (start: Instant = Date.UTC(2026, 0, 1)): ManualClock => {
  let now = start;
  const timers = new Set<Timer>();
  const fireNext = (until: Instant): boolean => {
    const timer = soonest(timers, until);
    now = Math.max(now, timer?.at ?? until);
    if (timer === undefined) return false;
    timers.delete(timer);
    timer.run();
    return true;
  };
  const advance = (duration: Milliseconds): void => {
    const until = now + duration;
    while (fireNext(until));
  };
  const advanceAsync = async (duration: Milliseconds): Promise<void> => {
    const until = now + duration;
    await turnOfEventLoop();
    while (fireNext(until)) await turnOfEventLoop();
  };
  return {
    now: () => now,
    after: (delay, run) => {
      const timer: Timer = { at: now + Math.max(0, delay), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance,
    advanceAsync,
    waiting: () => [...timers].map((timer) => timer.at - now).sort((a, b) => a - b),
  };
};

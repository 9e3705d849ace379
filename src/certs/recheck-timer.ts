/** One look at a time: now, or at a moment that may be months away. */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export type RecheckTimer = {
  /** Resolves when a look that began after the call is over, or was put off. Never rejects. */
  lookAfter(delay: Milliseconds): Promise<void>;
  /** The next look comes then, unless another is asked for before. */
  lookAt(when: Instant): void;
  stop(): void;
  readonly stopped: boolean;
};

/** Timers do not count while a machine sleeps, and clocks are set: the time is asked for again at least this often. */
const longestWait: Milliseconds = 3_600_000;

/** `look` never rejects. */
export const recheckTimer = (clock: Clock, look: () => Promise<void>): RecheckTimer => {
  let running: Promise<void> | undefined;
  /** Somebody asked for a look while one was under way: what that one has read may be out of date. */
  let again = false;
  let stopped = false;
  let cancel = (): void => undefined;

  const now = (): Promise<void> => {
    again = running !== undefined;
    running ??= look().finally(() => {
      running = undefined;
      return again && !stopped ? now() : undefined;
    });
    return running;
  };
  const lookAt = (when: Instant): void => {
    cancel();
    if (stopped) return;
    const wait = Math.max(0, when - clock.now());
    cancel = clock.after(Math.min(wait, longestWait), () => {
      if (wait > longestWait) lookAt(when);
      else void now();
    });
  };
  return {
    lookAfter: (delay) => {
      if (delay <= 0) return now();
      lookAt(clock.now() + delay);
      return Promise.resolve();
    },
    lookAt,
    stop: () => {
      stopped = true;
      cancel();
    },
    get stopped() {
      return stopped;
    },
  };
};

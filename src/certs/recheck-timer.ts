/** Runs checks one at a time: now, or at a time that may be months away. */
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';

export type RecheckTimer = {
  /** Without a delay, resolves when a check that began after the call has ended; otherwise at once. Never rejects. */
  lookAfter(delay: Milliseconds): Promise<void>;
  /** Schedules the next check, replacing the one scheduled before. */
  lookAt(when: Instant): void;
  stop(): void;
  readonly stopped: boolean;
};

/** Timers stop while a machine sleeps, and clocks get adjusted, so the clock is read again at least this often. */
const longestWait: Milliseconds = 3_600_000;

/** `look` never rejects. */
export const recheckTimer = (clock: Clock, look: () => Promise<void>): RecheckTimer => {
  let running: Promise<void> | undefined;
  /** A check was requested while one was running, whose data may already be out of date. */
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

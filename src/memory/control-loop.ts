/** A control loop of Kubernetes: after a change it does its work, soon or, where a test wants it so, late or not at all. */
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { MemoryServer, ServerEvent } from './memory-server.ts';

export interface ControlLoop {
  /** Does nothing more until `resume`. */
  pause(): void;
  resume(): void;
  /** From now on changes are looked at this long after they have come; 0 is at once. */
  lag(delay: Milliseconds): void;
  /** Looks now, paused or not. */
  run(): void;
}

export type LoopOptions = {
  readonly concerns: (event: ServerEvent) => boolean;
  /** Looks at everything there is and does what is to be done now. Its own writes have it called again. */
  readonly work: () => void;
};

/** Runs `work`; what the API server refuses is tried again after the next change. */
export const unlessRefused = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
  }
};

/** Begins to work at once. */
export const controlLoop = (server: MemoryServer, { concerns, work }: LoopOptions): ControlLoop => {
  let delay: Milliseconds = 0;
  let paused = false;
  let waiting = false;
  const run = (): void => unlessRefused(work);
  const due = (): void => {
    waiting = false;
    if (!paused) run();
  };
  const wake = (): void => {
    if (paused || waiting) return;
    waiting = true;
    if (delay > 0) server.clock.after(delay, due);
    else queueMicrotask(due);
  };
  server.subscribe((event) => {
    if (concerns(event)) wake();
  });
  wake();
  return {
    pause: () => void (paused = true),
    resume: () => {
      paused = false;
      wake();
    },
    lag: (wanted) => void (delay = wanted),
    run,
  };
};

/** A Kubernetes control loop that reacts to changes: at once, or with a delay or not at all if a test says so. */
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { MemoryServer, ServerEvent } from './memory-server.ts';

export interface ControlLoop {
  /** Stops the work until `resume`. */
  pause(): void;
  resume(): void;
  /** Sets the delay between a change and the reaction to it; 0 means at once. */
  lag(delay: Milliseconds): void;
  /** Runs one pass now, even if paused. */
  run(): void;
}

export type LoopOptions = {
  /** Observes a change, even if paused. Returns true if there is work to do. */
  readonly concerns: (event: ServerEvent) => boolean;
  /** Does the pending work. Its own writes trigger further calls. */
  readonly work: () => void;
};

/** Runs `work`. Returns false if the API server refused a write. */
export const unlessRefused = (work: () => void): boolean => {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof ClusterError) return false;
    throw error;
  }
};

/** Creates a control loop that starts at once. */
export const controlLoop = (server: MemoryServer, { concerns, work }: LoopOptions): ControlLoop => {
  let delay: Milliseconds = 0;
  let paused = false;
  let waiting = false;
  const run = (): void => void unlessRefused(work);
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

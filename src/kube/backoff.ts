/** Growing waits between attempts, and a way to wait that a signal ends. */
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';

export type BackoffOptions = {
  readonly base: Milliseconds;
  readonly cap: Milliseconds;
  /** 0 to 1: half of each wait is left to chance, so that clients which lost a server together do not return together. */
  readonly random: () => number;
};

/** Wait before the attempt after the `failures`th failure in a row; never less than the error's Retry-After. */
export const backoffDelay = (failures: number, error: unknown, { base, cap, random }: BackoffOptions): Milliseconds => {
  const exponential = Math.min(cap, base * 2 ** Math.max(0, failures - 1));
  const asked = error instanceof ClusterError ? (error.retryAfter ?? 0) : 0;
  return Math.max(asked, exponential * (0.5 + 0.5 * random()));
};

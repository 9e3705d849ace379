/** Exponential back-off with jitter. */
import type { Milliseconds } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';

export type BackoffOptions = {
  readonly base: Milliseconds;
  readonly cap: Milliseconds;
  /** 0 to 1. Randomises half of each wait, so that clients that lost a server together do not come back together. */
  readonly random: () => number;
};

/** How long to wait after `failures` consecutive failures; never less than the error's Retry-After. */
export const backoffDelay = (failures: number, error: unknown, { base, cap, random }: BackoffOptions): Milliseconds => {
  const exponential = Math.min(cap, base * 2 ** Math.max(0, failures - 1));
  const asked = error instanceof ClusterError ? (error.retryAfter ?? 0) : 0;
  return Math.max(asked, exponential * (0.5 + 0.5 * random()));
};

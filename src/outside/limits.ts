/** Limits on the requests to one source. */
import type { BatchBounds } from '../core/questions/merge.ts';
import type { Milliseconds } from '../values/time.ts';

export type AskingLimits = {
  /** Concurrent requests. */
  readonly concurrency: number;
  /** Timeout of one request. */
  readonly deadline: Milliseconds;
  /** How long a question may wait in the queue of a slow source. */
  readonly patience: Milliseconds;
  /** Debounce: questions are sent after `quiet` without a new question, and after `most` in any case. */
  readonly gather: { readonly quiet: Milliseconds; readonly most: Milliseconds };
  /** Maximum random delay, so that several installations do not query one source at the same instant. */
  readonly jitter: Milliseconds;
  /** Requests per second; the burst is `concurrency`. */
  readonly rate: number;
  /** Limits on merged requests. A response of more than twice the expected length is abandoned, and queried again in parts. */
  readonly batch: BatchBounds;
};

export const askingLimits: AskingLimits = {
  concurrency: 4,
  deadline: 10_000,
  patience: 30_000,
  gather: { quiet: 100, most: 500 },
  jitter: 100,
  rate: 20,
  batch: { members: 120, bytes: 8 * 1024 * 1024 },
};

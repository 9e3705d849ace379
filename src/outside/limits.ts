/** What bounds the asking of one source. */
import type { BatchBounds } from '../core/questions/merge.ts';
import type { Milliseconds } from '../values/time.ts';

export type AskingLimits = {
  /** Requests under way at a time. */
  readonly concurrency: number;
  /** For one request. */
  readonly deadline: Milliseconds;
  /** How long a question waits for its turn at a source that is slow. */
  readonly patience: Milliseconds;
  /** How long nothing more must come after a question before it is sent, and how long that is waited for at most. */
  readonly gather: { readonly quiet: Milliseconds; readonly most: Milliseconds };
  /** A random delay of at most this, so that several Sluices do not ask one source at the same instant. */
  readonly jitter: Milliseconds;
  /** Requests a second, after as many at once as may be under way. */
  readonly rate: number;
  /** What goes together. An answer of more than twice the expected length is not read, but asked for in parts. */
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

/** Metric sources return raw series; what they mean is the judge's business. */
import type { Ask, Fetched } from '../core/questions/source-form.ts';

/**
 * `unreachable`: nobody answers. `timeout`: not in time. `refused`: the source will not answer this query or this
 * caller. `too-large`: the answer is longer than the source gives or we read; less may be asked for. `malformed`: what came
 * back is not an answer. `cancelled`: the caller's signal was aborted.
 */
export type MetricErrorReason = 'unreachable' | 'timeout' | 'refused' | 'too-large' | 'malformed' | 'cancelled';

/** The message is a sentence for a person: it names the source and says what to do. */
export class MetricError extends Error {
  readonly reason: MetricErrorReason;
  /** Worth asking again later without any change by a person. */
  readonly retry: boolean;
  constructor(reason: MetricErrorReason, message: string, options: { retry: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MetricError';
    this.reason = reason;
    this.retry = options.retry;
  }
}

export interface MetricSource {
  /**
   * `samples`: every series the selector means that has points in (from, to], with these points. `value`: one series
   * with one point for each element of the result; a plain number has no labels. Nothing that matches is an empty list,
   * never an error and never 0. NaN and infinities come as they are. Rejects with MetricError only. Has no deadline of its
   * own: the signal ends it, and where its reason is a TimeoutError the source was too slow. An answer of more than `most`
   * bytes is not read to its end but `too-large`; a source has a bound of its own as well.
   */
  fetch(ask: Ask, signal: AbortSignal, most?: number): Promise<Fetched>;
  /** Resolves when the source answers queries. Rejects with MetricError. */
  ping(signal: AbortSignal): Promise<void>;
}

/** Metric sources return raw series; what they mean is the judge's business. */
import type { Problem } from '../core/problem.ts';
import type { Ask, Series } from '../core/judge/series.ts';

export type SourceKind = 'prometheus' | 'memory';

export type MetricErrorReason = 'unreachable' | 'refused' | 'malformed' | 'timeout';

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
  readonly kind: SourceKind;
  /** Static check of a query a person wrote. Pure; same function in webhook and controller. */
  check(query: string): readonly Problem[];
  /** No matching series is an empty list, never an error and never 0. Rejects with MetricError only. */
  fetch(ask: Ask, signal: AbortSignal): Promise<readonly Series[]>;
  /** Resolves when the source answers. Rejects with MetricError. */
  ping(signal: AbortSignal): Promise<void>;
}

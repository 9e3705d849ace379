/** The error to reject with when the caller's signal is aborted. */
import { MetricError } from '../ports/metrics.ts';

const isDeadline = (reason: unknown): boolean =>
  typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError';

/**
 * `who` is the subject of the sentence. If a deadline aborted the signal the source is at fault, otherwise the question was
 * withdrawn.
 */
export const withdrawn = (signal: AbortSignal, who: string, cause?: unknown): MetricError =>
  isDeadline(signal.reason)
    ? new MetricError('timeout', `${who} did not answer before the deadline: see whether it is overloaded`, {
        retry: true,
        cause,
      })
    : new MetricError('cancelled', `${who} was not waited for: the question was withdrawn`, { retry: true, cause });

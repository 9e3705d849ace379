/** What to reject with when the caller's signal was aborted. */
import { MetricError } from '../ports/metrics.ts';

const isDeadline = (reason: unknown): boolean =>
  typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError';

/** `who` is the subject of the sentence. A signal made by AbortSignal.timeout is the caller's deadline, and missing it is the source's doing. */
export const withdrawn = (signal: AbortSignal, who: string, cause?: unknown): MetricError =>
  isDeadline(signal.reason)
    ? new MetricError('timeout', `${who} did not answer before the deadline: see whether it is overloaded`, {
        retry: true,
        cause,
      })
    : new MetricError('cancelled', `${who} was not waited for: the question was withdrawn`, { retry: true, cause });

/** How many requests an arm got, as telemetry counts them: for checks, for the share it gets, and to see that nobody sends any more. */
import type { Telemetry } from '../policy/policy.ts';
import { increments, type CounterWindow, type Increment } from './increments.ts';
import type { Series } from './series.ts';
import { telemetries, type TelemetryMetrics } from './telemetry.ts';

/** Requests of one arm in a window. `unknown`: counted among `requests`, but no label says what became of them. */
export type RequestCounts = { readonly requests: number; readonly failed: number; readonly unknown: number };

/** Increments of a request counter, sorted by what became of the requests. What is not the users' is not counted. */
export const requestCounts = (grown: readonly Increment[], { meaning }: TelemetryMetrics): RequestCounts => {
  const sum = { ok: 0, failed: 0, skip: 0, unknown: 0 };
  for (const { labels, by } of grown) sum[meaning(labels)] += by;
  return { requests: sum.ok + sum.failed + sum.unknown, failed: sum.failed, unknown: sum.unknown };
};

/** Whether any point of these series lies in the window: without one nobody knows what the arm got. */
export const isSeenIn = (series: readonly Series[], { from, to }: Pick<CounterWindow, 'from' | 'to'>): boolean =>
  series.some(({ points }) => points.some(([at]) => at > from && at <= to));

/**
 * What one arm of a `success-rate` question's answer comes to. Undefined where nobody can tell: no series, none with a
 * point in the window, or none that was seen twice. Zero requests is an answer.
 */
export const armRequests = (
  series: readonly Series[],
  window: CounterWindow & { readonly telemetry: Telemetry },
): RequestCounts | undefined => {
  if (!isSeenIn(series, window)) return undefined;
  const grown = increments(series, window);
  return grown.length === 0 ? undefined : requestCounts(grown, telemetries[window.telemetry]);
};

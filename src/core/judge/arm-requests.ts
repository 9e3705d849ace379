/** How many requests an arm got, as telemetry counts them: for checks, for the share it gets, and to see that nobody sends any more. */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { increments, type CounterWindow, type Increment } from './increments.ts';
import type { Series } from './series.ts';
import type { Meaning } from './meaning.ts';
import { telemetries } from './telemetry.ts';

/** Requests of one arm in a window. `unknown`: counted among `requests`, but no label says what became of them. */
export type RequestCounts = { readonly requests: number; readonly failed: number; readonly unknown: number };

/** Who is measured, and what of it is the kubelet's. */
export type Measuring = { readonly telemetry: Telemetry; readonly probes?: readonly string[] };

/** Increments of a request counter, sorted by what became of the requests. What is not the users' is not counted. */
export const requestCounts = (grown: readonly Increment[], { telemetry, probes }: Measuring): RequestCounts => {
  const { meaning, once } = telemetries[telemetry];
  const means = (labels: Labels): Meaning => meaning(labels, probes);
  const sum = { ok: 0, failed: 0, skip: 0, unknown: 0 };
  for (const { labels, by } of once(grown, means)) sum[means(labels)] += by;
  return { requests: sum.ok + sum.failed + sum.unknown, failed: sum.failed, unknown: sum.unknown };
};

/** The series of one arm that count each of its requests once. */
export const countedOnce = (series: readonly Series[], window: CounterWindow & Measuring): readonly Series[] => {
  const { meaning, once } = telemetries[window.telemetry];
  const kept = new Set(
    once(increments(series, window), (labels) => meaning(labels, window.probes)).map(({ labels }) => labels),
  );
  return series.filter(({ labels }) => kept.has(labels));
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
  window: CounterWindow & Measuring,
): RequestCounts | undefined => {
  if (!isSeenIn(series, window)) return undefined;
  const grown = increments(series, window);
  return grown.length === 0 ? undefined : requestCounts(grown, window);
};

/**
 * Counts the requests that an arm received: for checks, for its share of the traffic, and to see whether it still receives
 * any.
 */
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { increments, type CounterWindow, type Increment } from './increments.ts';
import type { Series } from './series.ts';
import type { Meaning } from './meaning.ts';
import { telemetries } from './telemetry.ts';

/** Requests of one arm in a window. `unknown` ones are included in `requests`, but no label says whether they failed. */
export type RequestCounts = { readonly requests: number; readonly failed: number; readonly unknown: number };

/** The telemetry that is read, and the paths of the kubelet's probes. */
export type Measuring = { readonly telemetry: Telemetry; readonly probes?: readonly string[] };

/** Adds up increments of a request counter by outcome. Probes and scrapes are not counted. */
export const requestCounts = (grown: readonly Increment[], { telemetry, probes }: Measuring): RequestCounts => {
  const { meaning, once } = telemetries[telemetry];
  const means = (labels: Labels): Meaning => meaning(labels, probes);
  const sum = { ok: 0, failed: 0, skip: 0, unknown: 0 };
  for (const { labels, by } of once(grown, means)) sum[means(labels)] += by;
  return { requests: sum.ok + sum.failed + sum.unknown, failed: sum.failed, unknown: sum.unknown };
};

/** A subset of one arm's series that counts each request exactly once. */
export const countedOnce = (series: readonly Series[], window: CounterWindow & Measuring): readonly Series[] => {
  const { meaning, once } = telemetries[window.telemetry];
  const kept = new Set(
    once(increments(series, window), (labels) => meaning(labels, window.probes)).map(({ labels }) => labels),
  );
  return series.filter(({ labels }) => kept.has(labels));
};

/** Whether any point of these series lies in the window. Without one, the number of requests is unknown. */
export const isSeenIn = (series: readonly Series[], { from, to }: Pick<CounterWindow, 'from' | 'to'>): boolean =>
  series.some(({ points }) => points.some(([at]) => at > from && at <= to));

/**
 * The requests of one arm in the answer to a `success-rate` question. Undefined if unknown: no series, none with a point in
 * the window, or none with two points. Zero requests is a valid result.
 */
export const armRequests = (
  series: readonly Series[],
  window: CounterWindow & Measuring,
): RequestCounts | undefined => {
  if (!isSeenIn(series, window)) return undefined;
  const grown = increments(series, window);
  return grown.length === 0 ? undefined : requestCounts(grown, window);
};

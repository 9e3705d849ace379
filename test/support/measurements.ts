/** Builders for tests about checks: series, measurements and checks with everything unimportant filled in. */
import type { Series } from '../../src/core/judge/series.ts';
import type { Measurement } from '../../src/core/judge/verdict.ts';
import type { Labels } from '../../src/values/kube-object.ts';
import type { Check } from '../../src/core/policy/policy.ts';

/** The window of `aMeasurement`: a minute, with points from two minutes before it. */
export const from = 1_700_000_000_000;
export const to = from + 60_000;
export const since = from - 120_000;

/** Points at these seconds after the window's start; negative ones are before it. */
export const aSeries = (labels: Labels, ...points: readonly (readonly [number, number])[]): Series => ({
  labels,
  points: points.map(([seconds, value]) => [from + seconds * 1000, value]),
});

/** A counter that was at 0 before the window and at `by` in it. */
export const grown = (labels: Labels, by: number): Series => aSeries(labels, [-15, 0], [45, by]);

export const aMeasurement = (over: Partial<Measurement> = {}): Measurement => ({
  from,
  to,
  since,
  telemetry: 'istio',
  canary: [],
  stable: [],
  queries: ['the_query'],
  notes: [],
  started: new Map(),
  ...over,
});

/** Series of an Istio request counter: requests by response code, from one pod. */
export const istioRequests = (pod: string, byCode: Readonly<Record<string, number>>): readonly Series[] =>
  Object.entries(byCode).map(([code, by]) => grown({ pod, response_code: code }, by));

/** A cumulative histogram from one pod: upper bound to the number of requests up to it. */
export const buckets = (pod: string, upTo: Readonly<Record<string, number>>): readonly Series[] =>
  Object.entries(upTo).map(([le, by]) => grown({ pod, le }, by));

export const successRate = (min: number, over: Partial<Check> = {}): Check =>
  ({ kind: 'success-rate', name: 'request-success-rate', min, noData: 'hold', ...over }) as Check;

export const duration = (max: number, quantile = 0.99): Check => ({
  kind: 'duration',
  name: 'request-duration',
  max,
  quantile,
  noData: 'hold',
});

export const aQuery = (query: string, bounds: { readonly min?: number; readonly max?: number }): Check => ({
  kind: 'query',
  name: 'queue-depth',
  query,
  noData: 'hold',
  ...bounds,
});

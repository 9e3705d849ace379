/** Prometheus' classic histograms: cumulative counts at upper bounds. */
import type { Increment } from './increments.ts';

/** `below[i]` requests took at most `bounds[i]`; both rise. `total` includes those above the last bound. */
export type Histogram = {
  readonly bounds: readonly number[];
  readonly below: readonly number[];
  readonly total: number;
};

type Buckets = ReadonlyMap<number, number>;

const boundOf = (le: string | undefined): number => (le === '+Inf' ? Infinity : Number(le ?? Number.NaN));

const seriesKey = (labels: Increment['labels']): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'le')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const bucketsOf = (grown: readonly Increment[]): Buckets => {
  const buckets = new Map<number, number>();
  for (const { labels, by } of grown) {
    const bound = boundOf(labels['le']);
    if (!Number.isNaN(bound)) buckets.set(bound, (buckets.get(bound) ?? 0) + by);
  }
  return buckets;
};

const at = (buckets: Buckets, bound: number): number => buckets.get(bound) ?? 0;

/**
 * The sum of several series' histograms at the bounds that all of them have; at any other bound the sum would miss
 * requests. Series that did not grow are ignored. `among` restricts the bounds further, to compare with another arm.
 * Without a `+Inf` bucket the number of requests is unknown: `incomplete`.
 */
export const sumHistograms = (grown: readonly Increment[], among?: readonly number[]): Histogram | 'incomplete' => {
  const all = [...Map.groupBy(grown, ({ labels }) => seriesKey(labels)).values()].map(bucketsOf);
  const moving = all.filter((buckets) => [...buckets.values()].some((by) => by > 0));
  if (moving.some((buckets) => !buckets.has(Infinity))) return 'incomplete';
  const common = [...(moving[0]?.keys() ?? [])].filter(
    (bound) => moving.every((buckets) => buckets.has(bound)) && (among?.includes(bound) ?? true),
  );
  const bounds = common.filter(Number.isFinite).sort((a, b) => a - b);
  let least = 0;
  // A scrape that catches a process between two increments can make a sum fall by one from bound to bound.
  const below = bounds.map((bound) => (least = Math.max(least, sum(moving.map((buckets) => at(buckets, bound))))));
  return { bounds, below, total: Math.max(least, sum(moving.map((buckets) => at(buckets, Infinity)))) };
};

/** The sum of two histograms at their common bounds. */
export const mergeHistograms = (one: Histogram, other: Histogram): Histogram => {
  const bounds = one.bounds.filter((bound) => other.bounds.includes(bound));
  const at = ({ bounds: all, below }: Histogram, bound: number): number => below[all.indexOf(bound)] ?? 0;
  return {
    bounds,
    below: bounds.map((bound) => at(one, bound) + at(other, bound)),
    total: one.total + other.total,
  };
};

/** The histogram with `more` additional requests of zero duration. */
export const withFast = ({ bounds, below, total }: Histogram, more: number): Histogram => ({
  bounds,
  below: below.map((n) => n + more),
  total: total + more,
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** A quantile. With `beyond`, it is only known to exceed `value`, the last finite bound. */
export type Quantile = { readonly value: number; readonly beyond: boolean };

/** Interpolates within the bucket, from 0 in the first. Undefined for a histogram without requests or without a finite bound. */
export const quantileOf = ({ bounds, below, total }: Histogram, q: number): Quantile | undefined => {
  const last = bounds.at(-1);
  if (total <= 0 || last === undefined) return undefined;
  const rank = q * total;
  // 0.07 × 100 is a little more than 7 in floating point; without this it would fall into the next bucket.
  const i = below.findIndex((n) => n >= rank * (1 - 1e-12));
  const bound = bounds[i];
  const upTo = below[i];
  if (bound === undefined || upTo === undefined) return { value: last, beyond: true };
  const lower = bounds[i - 1] ?? Math.min(0, bound);
  const before = below[i - 1] ?? 0;
  const share = upTo > before ? Math.min(1, (rank - before) / (upTo - before)) : 1;
  return { value: lower + (bound - lower) * share, beyond: false };
};

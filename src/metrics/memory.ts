/** A metric source that holds its series itself: for tests, demonstrations and dry runs. */
import type { Series } from '../core/judge/series.ts';
import { selects } from '../core/questions/selector.ts';
import type { Ask, Fetched, SamplesAsk } from '../core/questions/source-form.ts';
import type { Labels } from '../values/kube-object.ts';
import type { Instant } from '../values/time.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import { withdrawn } from './withdrawn.ts';

export type MemorySource = MetricSource & {
  /** Adds a point to the series with these labels (`__name__` among them), after the points it has. */
  record(labels: Labels, at: Instant, value: number): void;
  /** Sets the result of a query of shape `value`; a number stands for one series without labels. PromQL is not evaluated. */
  answer(query: string, result: number | readonly Series[]): void;
  /** Makes every request fail with this error until called with undefined. */
  fail(error: MetricError | undefined): void;
};

type Held = { readonly labels: Labels; readonly points: (readonly [Instant, number])[] };

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

const between = (held: Iterable<Held>, { selector, from, to }: SamplesAsk): readonly Series[] => {
  const isMeant = selects(selector);
  return [...held]
    .filter(({ labels }) => isMeant(labels))
    .map(({ labels, points }) => ({ labels, points: points.filter(([at]) => at > from && at <= to) }))
    .filter(({ points }) => points.length > 0);
};

/** The approximate size of a series in a Prometheus response. */
const lengthOf = ({ labels, points }: Series): number => JSON.stringify(labels).length + 25 * points.length;

const tooLarge = (most: number): MetricError =>
  new MetricError('too-large', `the memory source has more than ${most} bytes to say`, { retry: false });

export const memory = (): MemorySource => {
  const held = new Map<string, Held>();
  const results = new Map<string, number | readonly Series[]>();
  let failing: MetricError | undefined;

  const guard = (signal: AbortSignal): void => {
    if (signal.aborted) throw withdrawn(signal, 'the memory source');
    if (failing !== undefined) throw failing;
  };
  const series = (ask: Ask): readonly Series[] => {
    if (ask.shape === 'samples') return between(held.values(), ask);
    const result = results.get(ask.query) ?? [];
    return typeof result === 'number' ? [{ labels: {}, points: [[ask.at, result]] }] : result;
  };

  return {
    fetch: (ask, signal, most = Infinity) =>
      new Promise<Fetched>((resolve) => {
        guard(signal);
        const found = series(ask);
        const bytes = found.reduce((sum, one) => sum + lengthOf(one), 0);
        if (bytes > most) throw tooLarge(most);
        resolve({ series: found, notes: [], bytes });
      }),
    ping: (signal) =>
      new Promise((resolve) => {
        guard(signal);
        resolve();
      }),
    record: (labels, at, value) => {
      const key = keyOf(labels);
      const one = held.get(key) ?? { labels, points: [] };
      held.set(key, one);
      one.points.push([at, value]);
    },
    answer: (query, result) => void results.set(query, result),
    fail: (error) => void (failing = error),
  };
};

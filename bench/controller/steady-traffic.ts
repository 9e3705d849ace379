/** A metric source in which every workload gets the same number of requests a second, split as is wanted, all answered well. */
import { selects } from '../../src/core/questions/selector.ts';
import type { Ask, Fetched } from '../../src/core/questions/source-form.ts';
import type { Series } from '../../src/core/judge/series.ts';
import type { MetricSource } from '../../src/ports/metrics.ts';
import type { Labels } from '../../src/values/kube-object.ts';

export type SteadyTraffic = {
  readonly source: MetricSource;
  /** The most queries that were asked about windows of one end. */
  readonly queriesPerTick: () => number;
  /** From now on nobody gets an answer. */
  readonly hang: () => void;
};

const scrapeEvery = 5000;
/** Of a workload and its canary together: enough for a verdict about a canary with 5 % of them. */
const perSecond = 400;
const buckets = ['25', '50', '100', '+Inf'];

const labelsOf = (namespace: string, workload: string): readonly Labels[] => {
  const common = {
    reporter: 'destination',
    destination_workload_namespace: namespace,
    destination_workload: workload,
    response_code: '200',
    pod: `${workload}-1`,
  };
  const durations = { ...common, __name__: 'istio_request_duration_milliseconds_bucket' };
  return [{ ...common, __name__: 'istio_requests_total' }, ...buckets.map((le) => ({ ...durations, le }))];
};

/** Counters that have always grown at this rate: no window reaches back to before the weight that it is asked about. */
const pointsIn = (from: number, to: number, rate: number): Series['points'] => {
  const first = Math.ceil((from + 1) / scrapeEvery) * scrapeEvery;
  const count = Math.max(0, Math.floor((to - first) / scrapeEvery) + 1);
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * scrapeEvery;
    return [at, (at / 1000) * rate] as const;
  });
};

/** `weightOf` is what the canary of a workload gets now, in percent. */
export const steadyTraffic = (
  namespace: string,
  names: readonly string[],
  weightOf: (name: string) => number,
): SteadyTraffic => {
  const all = names.flatMap((name) => [
    ...labelsOf(namespace, name).map((labels) => ({ labels, share: () => 100 - weightOf(name) })),
    ...labelsOf(namespace, `${name}-canary`).map((labels) => ({ labels, share: () => weightOf(name) })),
  ]);
  const queries = new Map<number, number>();
  let hangs = false;
  const answer = (ask: Ask): Fetched => {
    if (ask.shape === 'value') return { series: [], notes: [], bytes: 0 };
    const selected = selects(ask.selector);
    const series = all
      .filter(({ labels }) => selected(labels))
      .map(({ labels, share }) => ({ labels, points: pointsIn(ask.from, ask.to, (perSecond * share()) / 100) }));
    return { series, notes: [], bytes: series.length * 300 };
  };
  const source: MetricSource = {
    fetch: (ask, signal) => {
      const tick = 'to' in ask ? ask.to : ask.at;
      queries.set(tick, (queries.get(tick) ?? 0) + 1);
      if (!hangs) return Promise.resolve(answer(ask));
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    ping: () => Promise.resolve(),
  };
  return { source, queriesPerTick: () => Math.max(0, ...queries.values()), hang: () => (hangs = true) };
};

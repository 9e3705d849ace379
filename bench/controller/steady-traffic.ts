/** A metric source in which every workload and every canary answers the same number of requests a second, all of them well. */
import { selects } from '../../src/core/questions/selector.ts';
import type { Ask, Fetched } from '../../src/core/questions/source-form.ts';
import type { Series } from '../../src/core/judge/series.ts';
import type { MetricSource } from '../../src/ports/metrics.ts';
import type { Labels } from '../../src/values/kube-object.ts';

export type SteadyTraffic = {
  readonly source: MetricSource;
  /** Queries so far. */
  readonly queries: () => number;
  /** From now on nobody gets an answer. */
  readonly hang: () => void;
};

const scrapeEvery = 5000;
const perSecond = 20;
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

const pointsIn = (from: number, to: number): Series['points'] => {
  const first = Math.ceil((from + 1) / scrapeEvery) * scrapeEvery;
  const count = Math.max(0, Math.floor((to - first) / scrapeEvery) + 1);
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * scrapeEvery;
    return [at, (at / 1000) * perSecond] as const;
  });
};

export const steadyTraffic = (namespace: string, names: readonly string[]): SteadyTraffic => {
  const all = names.flatMap((name) => [...labelsOf(namespace, name), ...labelsOf(namespace, `${name}-canary`)]);
  let queries = 0;
  let hangs = false;
  const answer = (ask: Ask): Fetched => {
    if (ask.shape === 'value') return { series: [], notes: [], bytes: 0 };
    const points = pointsIn(ask.from, ask.to);
    const series = all.filter(selects(ask.selector)).map((labels) => ({ labels, points }));
    return { series, notes: [], bytes: series.length * 300 };
  };
  const source: MetricSource = {
    fetch: (ask, signal) => {
      queries += 1;
      if (!hangs) return Promise.resolve(answer(ask));
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    ping: () => Promise.resolve(),
  };
  return { source, queries: () => queries, hang: () => (hangs = true) };
};

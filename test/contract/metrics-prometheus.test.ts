import { guardedFetch } from '../../src/http/guarded-fetch.ts';
import { prometheus, type PrometheusOptions } from '../../src/metrics/prometheus/prometheus.ts';
import { metricsContract, type MetricsWorld } from './metrics-suite.ts';
import { startPrometheusDouble } from './prometheus-double.ts';

const now = 1_700_000_000_000;
const vector = (...elements: readonly (readonly [object, string])[]): object => ({
  resultType: 'vector',
  result: elements.map(([metric, value]) => ({ metric, value: [now / 1000, value] })),
});

const world = async (options: Partial<PrometheusOptions> = {}): Promise<MetricsWorld> => {
  const double = await startPrometheusDouble();
  const gone = await startPrometheusDouble();
  await gone.close();
  double.results.set('number', { resultType: 'scalar', result: [now / 1000, '41.5'] });
  double.results.set('one', vector([{ kind: 'one' }, '3']));
  double.results.set('many', vector([{ i: '1' }, '1'], [{ i: '2' }, '2']));
  double.results.set('none', vector());
  double.results.set('nan', vector([{}, 'NaN']));
  double.results.set('infinite', vector([{}, '+Inf']));
  double.results.set('vector(1)', vector([{}, '1']));
  return {
    source: prometheus({ address: double.address, ...options }),
    lost: prometheus({ address: gone.address, ...options }),
    now,
    queries: { number: 'number', one: 'one', many: 'many', none: 'none', nan: 'nan', infinite: 'infinite' },
    load: (series) => Promise.resolve(void double.series.push(...series)),
    close: () => double.close(),
  };
};

metricsContract('Prometheus, against a double of its HTTP API', () => world());
metricsContract('Prometheus at an address that a policy names', () =>
  world({ guarded: guardedFetch({ loopback: true }) }),
);

import { memory, type MemorySource } from '../../src/metrics/memory.ts';
import { MetricError } from '../../src/ports/metrics.ts';
import { metricsContract } from './metrics-suite.ts';

const now = 1_700_000_000_000;

const filled = (): MemorySource => {
  const source = memory();
  source.answer('number', 41.5);
  source.answer('one', [{ labels: { kind: 'one' }, points: [[now, 3]] }]);
  source.answer('many', [
    { labels: { i: '1' }, points: [[now, 1]] },
    { labels: { i: '2' }, points: [[now, 2]] },
  ]);
  source.answer('nan', Number.NaN);
  source.answer('infinite', Infinity);
  return source;
};

metricsContract('memory', () => {
  const [source, lost] = [filled(), memory()];
  lost.fail(new MetricError('unreachable', 'the memory source is told to fail', { retry: true }));
  return Promise.resolve({
    source,
    lost,
    now,
    queries: { number: 'number', one: 'one', many: 'many', none: 'none', nan: 'nan', infinite: 'infinite' },
    load: (series) => {
      for (const { labels, points } of series) for (const [at, value] of points) source.record(labels, at, value);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
});

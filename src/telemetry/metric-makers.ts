import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricDefinition } from './metric-definitions.ts';

type Of<K extends MetricDefinition['kind']> = MetricDefinition & { readonly kind: K };
type LabelOf<D extends MetricDefinition> = D['labels'][number];

/** Creates prom-client metrics with labels typed by their definition, all in one registry. */
export type Makers = {
  readonly counter: <const D extends Of<'counter'>>(definition: D) => Counter<LabelOf<D>>;
  readonly gauge: <const D extends Of<'gauge'>>(definition: D) => Gauge<LabelOf<D>>;
  readonly histogram: <const D extends Of<'histogram'> & { readonly buckets: readonly number[] }>(
    definition: D,
  ) => Histogram<LabelOf<D>>;
};

export const makersFor = (registry: Registry): Makers => {
  const common = ({ name, help, labels }: MetricDefinition) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });
  return {
    counter: (definition) => new Counter(common(definition)),
    gauge: (definition) => new Gauge(common(definition)),
    histogram: (definition) => new Histogram({ ...common(definition), buckets: [...definition.buckets] }),
  };
};

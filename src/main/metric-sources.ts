/** Metric sources by address: one each, so that identical questions under way at the same time are asked once. */
import { batch } from '../metrics/batch.ts';
import { prometheus } from '../metrics/prometheus.ts';
import type { MetricSource } from '../ports/metrics.ts';

// Policies name addresses; a bound keeps a stream of new ones from growing the map for ever.
const mostSources = 256;

export const metricSources = (
  byDefault: string | undefined,
): ((address: string | undefined) => MetricSource | undefined) => {
  const known = new Map<string, MetricSource>();
  return (address = byDefault) => {
    if (address === undefined) return undefined;
    const found = known.get(address);
    if (found !== undefined) return found;
    if (known.size >= mostSources) known.clear();
    const made = batch(prometheus({ address }));
    known.set(address, made);
    return made;
  };
};

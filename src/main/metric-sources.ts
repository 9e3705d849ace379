/** Metric sources by address, one each: what is bounded is bounded per source. */
import type { SourceRef } from '../core/outside/question.ts';
import { prometheus } from '../metrics/prometheus/prometheus.ts';
import type { MetricSource } from '../ports/metrics.ts';

// Policies name addresses; a bound keeps a stream of new ones from growing the map for ever.
const mostSources = 256;

/** The source a policy means, or the one Sluice was started with. Undefined where there is none. */
export const metricSources = (byDefault: string | undefined): ((ref: SourceRef) => MetricSource | undefined) => {
  const known = new Map<string, MetricSource>();
  return ({ address = byDefault }) => {
    if (address === undefined) return undefined;
    const found = known.get(address);
    if (found !== undefined) return found;
    if (known.size >= mostSources) known.clear();
    const made = prometheus({ address });
    known.set(address, made);
    return made;
  };
};

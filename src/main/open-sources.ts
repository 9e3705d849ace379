/** Metric sources by address, one each: what is bounded is bounded per source. */
import type { SourceRef } from '../core/outside/question.ts';
import { metricSources } from '../metrics/index.ts';
import type { MetricSource } from '../ports/metrics.ts';

// Policies name addresses; a bound keeps a stream of new ones from growing the map for ever.
const mostSources = 256;

/** The source a policy means, or the one Sluice was started with. Undefined where there is none. */
export const openSources = (byDefault: string | undefined): ((ref: SourceRef) => MetricSource | undefined) => {
  const known = new Map<string, MetricSource>();
  return ({ kind, address = byDefault }) => {
    if (address === undefined) return undefined;
    const key = `${kind} ${address}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= mostSources) known.clear();
    const made = metricSources[kind].open(address);
    known.set(key, made);
    return made;
  };
};

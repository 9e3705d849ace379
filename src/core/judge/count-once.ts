/** Selects one count where the same requests are counted more than once: by both proxies, or under several metric names. */
import type { Labels } from '../../values/kube-object.ts';
import { saysPath } from './housekeeping.ts';
import type { Increment } from './increments.ts';
import type { Meaning } from './meaning.ts';
import { protocolOf } from './request-metrics.ts';

export type CountOnce = (grown: readonly Increment[], meaning: (labels: Labels) => Meaning) => readonly Increment[];

const has = (grown: readonly Increment[]): boolean => grown.some(({ by }) => by > 0);

/** Values of Istio's `reporter` label, from the proxy nearest to the pods to the farthest. */
export const reporters = ['destination', 'waypoint', 'source'] as const;

const reporterOf = ({ labels }: Increment): string => labels['reporter'] ?? reporters[0];

/** The counts of the reporter nearest to the pods that has any. */
export const byReporter: CountOnce = (grown) => {
  const by = Map.groupBy(grown, reporterOf);
  const counts = reporters.map((reporter) => by.get(reporter) ?? []);
  return counts.find(has) ?? counts.find(({ length }) => length > 0) ?? [];
};

/** Lower is better: counts in which every request has a status come first, then those that distinguish probes from users. */
const rank = (grown: readonly Increment[], meaning: (labels: Labels) => Meaning): number => {
  if (!has(grown)) return grown.length === 0 ? 5 : 4;
  const unclear = grown.some(({ labels, by }) => by > 0 && meaning(labels) === 'unknown');
  return (unclear ? 2 : 0) + (grown.some(({ labels }) => saysPath(labels)) ? 0 : 1);
};

const best = (counts: readonly (readonly Increment[])[], meaning: (labels: Labels) => Meaning): readonly Increment[] =>
  counts
    .map((grown) => ({ grown, rank: rank(grown, meaning) }))
    .reduce<{ grown: readonly Increment[]; rank: number }>((a, b) => (b.rank < a.rank ? b : a), { grown: [], rank: 6 })
    .grown;

/**
 * Takes the most informative HTTP metric, in the order of `names` where several are equal, and in the same way the best
 * gRPC metric.
 */
export const byName =
  (names: readonly string[]): CountOnce =>
  (grown, meaning) => {
    const by = Map.groupBy(grown, ({ labels }) => labels['__name__'] ?? names[0] ?? '');
    const of = (protocol: 'http' | 'grpc'): readonly (readonly Increment[])[] =>
      names.filter((name) => protocolOf(name) === protocol).map((name) => by.get(name) ?? []);
    return [...best(of('http'), meaning), ...best(of('grpc'), meaning)];
  };

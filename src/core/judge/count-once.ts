/** The same requests are often counted more than once: at both ends, or under several names. One count of them is taken. */
import type { Labels } from '../../values/kube-object.ts';
import { saysPath } from './housekeeping.ts';
import type { Increment } from './increments.ts';
import type { Meaning } from './meaning.ts';
import { protocolOf } from './request-metrics.ts';

export type CountOnce = (grown: readonly Increment[], meaning: (labels: Labels) => Meaning) => readonly Increment[];

const has = (grown: readonly Increment[]): boolean => grown.some(({ by }) => by > 0);

/** Where a proxy stands in front of the pods, and what it calls itself: nearest to the pods first. */
export const reporters = ['destination', 'waypoint', 'source'] as const;

const reporterOf = ({ labels }: Increment): string => labels['reporter'] ?? reporters[0];

/** The reporter nearest to the pods that has seen anything. */
export const byReporter: CountOnce = (grown) => {
  const by = Map.groupBy(grown, reporterOf);
  const counts = reporters.map((reporter) => by.get(reporter) ?? []);
  return counts.find(has) ?? counts.find(({ length }) => length > 0) ?? [];
};

/** Lower is better: a count whose every request says what became of it, then one that tells probes from users. */
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

/** Of HTTP the metric that says most, in the order of these names where several say as much; and all of gRPC's in the same way. */
export const byName =
  (names: readonly string[]): CountOnce =>
  (grown, meaning) => {
    const by = Map.groupBy(grown, ({ labels }) => labels['__name__'] ?? names[0] ?? '');
    const of = (protocol: 'http' | 'grpc'): readonly (readonly Increment[])[] =>
      names.filter((name) => protocolOf(name) === protocol).map((name) => by.get(name) ?? []);
    return [...best(of('http'), meaning), ...best(of('grpc'), meaning)];
  };

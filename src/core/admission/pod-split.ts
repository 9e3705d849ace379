/** What the steps of a policy come to where the number of pods is the split: said in the answer to the write, not found out later. */
import { canarySize } from '../release/size.ts';
import type { SplitBy } from '../policy/provider-plan.ts';

/** Groups of steps that are told one by one. */
const mostTold = 6;

type Group = { readonly pods: number; readonly weights: readonly number[] };

const listed = (weights: readonly number[]): string =>
  weights.length === 1 ? String(weights[0]) : `${weights.slice(0, -1).join(', ')} and ${weights.at(-1)}`;

const percentOf = ({ pods }: Group, replicas: number): number => Math.round((100 * pods) / (replicas + pods));

const told = (group: Group, replicas: number): string => {
  const { weights, pods } = group;
  const steps = weights.length === 1 ? `step ${weights[0]} is` : `steps ${listed(weights)} are the same split,`;
  return `${steps} ${pods} of ${replicas + pods} pods: about ${percentOf(group, replicas)} %`;
};

const begins: Readonly<Record<Exclude<SplitBy, 'route'>, string>> = {
  pods: 'the number of pods is the split',
  either: "where no route and no mesh's proxy splits the traffic, the number of pods does",
};

/** Nothing where the pods come to the weights, give or take a point, or where a route splits for sure. */
export const podSplitWarnings = (
  weights: readonly number[],
  replicas: number,
  splitBy: SplitBy | undefined,
): readonly string[] => {
  if (splitBy === undefined || splitBy === 'route' || replicas === 0) return [];
  const groups = [...Map.groupBy(weights, (weight) => canarySize(replicas, weight, 'replicas'))].map(
    ([pods, of]): Group => ({ pods, weights: of }),
  );
  const isExact = groups.every((group) => group.weights.every((w) => Math.abs(percentOf(group, replicas) - w) <= 1));
  if (isExact) return [];
  const shown = groups.slice(0, mostTold).map((group) => told(group, replicas));
  const more = groups.length > mostTold ? '; …' : '';
  const size = `${replicas} replica${replicas === 1 ? '' : 's'}`;
  return [`${begins[splitBy]}, and with ${size} ${shown.join('; ')}${more}`];
};

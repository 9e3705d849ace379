/** Problems that would keep a split from working in the existing routes, reported before the first step. */
import type { KubeObject } from '../values/kube-object.ts';
import { percent, type Percent } from '../values/percent.ts';
import type { Problem } from '../values/problem.ts';
import type { Between } from '../values/route-format.ts';
import type { Split } from '../values/split.ts';
import { canaryUnits } from './split-weights.ts';
import { readMemo } from './split-memo.ts';
import {
  armsOf,
  liveLists,
  pathText,
  sendingLists,
  subsetsNamed,
  type LiveList,
  type WeightedKind,
} from './weighted-kind.ts';
import * as weighted from './weighted-list.ts';

/** Without a plan, a list must at least be able to express 50 %. */
const half = [percent(50)];

/** Problems with the user's routes to the apex. */
export const routeProblems = (
  kind: WeightedKind,
  objects: readonly KubeObject[],
  between: Between,
  splits: readonly Split[],
): readonly Problem[] => {
  const weights = splits.length === 0 ? half : splits.map(({ weight }) => weight);
  const found = objects.flatMap((object) => listProblems(kind, object, between, weights));
  const sends = objects.some((object) => sendingLists(kind, object, between).length > 0);
  return found.length > 0 || sends || objects.length === 0 ? found : [sendsNothing(kind, objects, between)];
};

const sendsNothing = (kind: WeightedKind, objects: readonly KubeObject[], { apex }: Between): Problem => {
  const field = objects.map((object) => `${kind.gvk.kind}/${object.metadata.name}`).join(', ');
  const others = [...new Set(objects.flatMap((object) => [...subsetsNamed(kind, object, apex)]))];
  if (others.length > 0)
    return {
      field,
      value: others.join(', '),
      rule: `sends to the Service ${apex} only by subsets that do not select this workload's pods, so there is no traffic to split`,
      todo: `Give traffic to a subset of its pods, or opt the workload out.`,
    };
  return {
    field,
    rule: `gives the Service ${apex} no weight, so there is no traffic to split`,
    todo: `Give ${apex} a weight, or remove it from the route so that Sluice makes one of its own.`,
  };
};

const listProblems = (
  kind: WeightedKind,
  object: KubeObject,
  between: Between,
  weights: readonly Percent[],
): readonly Problem[] => {
  const arms = armsOf(kind, object, between);
  const remembered = readMemo(object, between.apex) !== undefined;
  return liveLists(kind, object, between)
    .filter(({ destinations }) => destinations.some((d) => arms.arm(d) === 'stable'))
    .flatMap((list) => {
      const field = `${kind.gvk.kind}/${object.metadata.name} ${pathText(list)}`;
      if (!weighted.isReadable(list.destinations)) return [unreadable(field, list)];
      const takes = list.destinations.some((d) => arms.arm(d) === 'canary');
      if (takes && !remembered) return [taken(field, between)];
      return tooCoarse(field, weighted.stableUnits(list.merged, arms), weights);
    });
};

const unreadable = (field: string, { destinations }: LiveList): Problem => ({
  field,
  value: JSON.stringify(destinations.map(({ weight }) => weight ?? null)),
  rule: 'has a weight that is not a whole number from 0',
  todo: 'Write its weights as whole numbers.',
});

const taken = (field: string, { canaryService }: Between): Problem => ({
  field,
  value: canaryService,
  rule: `already sends to ${canaryService}, the Service that Sluice makes for a canary`,
  todo: 'Take that destination out of the rule; Sluice adds it while a release is running.',
});

/** Whether rounding is off by more than half of the smaller side: 1 % must not become 5 %, nor 99 % become 90 %. */
const isOff = (units: number, share: Percent): boolean =>
  Math.abs((100 * canaryUnits(units, share)) / units - share) > Math.max(1, Math.min(share, 100 - share)) / 2;

const tooCoarse = (field: string, units: number, weights: readonly Percent[]): readonly Problem[] => {
  const off = units === 0 ? [] : weights.filter((share) => share > 0 && isOff(units, share));
  if (off.length === 0) return [];
  return [
    {
      field,
      value: String(units),
      rule: `is the weight to be split there, too small for ${off.map((share) => `${share} %`).join(', ')}`,
      todo: `Multiply all weights of the rule by ${Math.ceil(100 / units)}, which means the same and can be split.`,
    },
  ];
};

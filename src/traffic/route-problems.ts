/** What would keep a split from working in the routes as they are, for a person to read before the first step. */
import type { KubeObject } from '../values/kube-object.ts';
import { percent, type Percent } from '../values/percent.ts';
import type { Problem } from '../values/problem.ts';
import type { Target } from '../ports/traffic.ts';
import { liveLists, roleOf, type LiveList, type RouteKind } from './route-kind.ts';
import { canaryUnits } from './split-weights.ts';
import { readMemo } from './split-memo.ts';
import * as weighted from './weighted-list.ts';

/** Where no plan is given a list has to be able to express at least a half. */
const half = [percent(50)];

export const routeProblems = (
  kind: RouteKind,
  target: Target,
  objects: readonly KubeObject[],
  weights: readonly Percent[],
): readonly Problem[] => {
  const adopted = objects.filter((object) => roleOf(kind, target, object) === 'adopted');
  if (adopted.length === 0) return clashes(kind, target, objects);
  const found = adopted.flatMap((object) => listProblems(kind, target, object, weights.length === 0 ? half : weights));
  const sends = adopted.some((object) => sendsNow(kind, target, object));
  return found.length > 0 || sends ? found : [sendsNothing(kind, target, adopted)];
};

const sendsNow = (kind: RouteKind, target: Target, object: KubeObject): boolean => {
  const arms = kind.arms(target, object);
  return liveLists(kind, target, object).some(({ merged }) => weighted.stableUnits(merged, arms) > 0);
};

const clashes = (kind: RouteKind, target: Target, objects: readonly KubeObject[]): readonly Problem[] =>
  objects
    .filter((object) => roleOf(kind, target, object) === 'clash')
    .map((object) => ({
      field: `${kind.gvk.kind}/${object.metadata.name}`,
      rule: `has the name that the route for the Service ${target.apex.metadata.name} would need, but sends nothing to that Service`,
      todo: `Rename it, or let one of its rules send to ${target.apex.metadata.name}.`,
    }));

const sendsNothing = (kind: RouteKind, target: Target, adopted: readonly KubeObject[]): Problem => ({
  field: adopted.map((object) => `${kind.gvk.kind}/${object.metadata.name}`).join(', '),
  rule: `gives the Service ${target.apex.metadata.name} no weight, so there is no traffic to split`,
  todo: `Give ${target.apex.metadata.name} a weight, or remove it from the route so that Sluice makes one of its own.`,
});

const listProblems = (
  kind: RouteKind,
  target: Target,
  object: KubeObject,
  weights: readonly Percent[],
): readonly Problem[] => {
  const arms = kind.arms(target, object);
  const remembered = readMemo(object, target.apex.metadata.name) !== undefined;
  return liveLists(kind, target, object)
    .filter(({ destinations }) => destinations.some((d) => arms.arm(d) === 'stable'))
    .flatMap((list) => {
      const field = `${kind.gvk.kind}/${object.metadata.name} ${pathText(list)}`;
      if (!weighted.isReadable(list.destinations)) return [unreadable(field, list)];
      const takes = list.destinations.some((d) => arms.arm(d) === 'canary');
      if (takes && !remembered) return [taken(field, target)];
      return tooCoarse(field, weighted.stableUnits(list.merged, arms), weights);
    });
};

const pathText = ({ path }: LiveList): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`)).join('');

const unreadable = (field: string, { destinations }: LiveList): Problem => ({
  field,
  value: JSON.stringify(destinations.map(({ weight }) => weight ?? null)),
  rule: 'has a weight that is not a whole number from 0',
  todo: 'Write its weights as whole numbers.',
});

const taken = (field: string, target: Target): Problem => ({
  field,
  value: target.canaryService,
  rule: `already sends to ${target.canaryService}, the Service that Sluice makes for a canary`,
  todo: 'Take that destination out of the rule; Sluice adds it while a release is running.',
});

/** Off by more than half of what was asked for, on either side: 1 % must not become 5 %, nor 99 % become 90 %. */
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

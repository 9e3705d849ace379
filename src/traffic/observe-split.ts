/** Reads a split back from routes with weighted lists. */
import type { KubeObject } from '../values/kube-object.ts';
import { isPercent, type Percent } from '../values/percent.ts';
import type { Between } from '../values/route-format.ts';
import { sameJson } from '../values/same-json.ts';
import type { Split } from '../values/split.ts';
import { additionProblems, bareOf, dressed, withoutSticky } from './additions.ts';
import { readMemo } from './split-memo.ts';
import { armsOf, sendingLists, type LiveList, type WeightedKind } from './weighted-kind.ts';
import * as weighted from './weighted-list.ts';

type Bare = { readonly live: KubeObject; readonly bare: KubeObject };
type Armed = LiveList & { readonly arms: weighted.Arms };

const listsOf = (kind: WeightedKind, objects: readonly Bare[], between: Between): readonly Armed[] =>
  objects.flatMap(({ bare }) => {
    const arms = armsOf(kind, bare, between);
    return sendingLists(kind, bare, between).map((list) => ({ ...list, arms }));
  });

/**
 * What the routes may say: the remembered splits, one with an estimated weight, and weights alone. Not even a memo tells
 * whether the rest of a split is still in the route.
 */
const candidates = (kind: WeightedKind, remembered: readonly Split[], estimate: number): readonly Split[] => {
  const weights = [...remembered.map(({ weight }) => weight), estimate].filter(isPercent);
  const alone = weights.map((weight) => ({ weight }));
  if (kind.additions === undefined) return alone;
  const whole = remembered.map(withoutSticky);
  return [...whole, ...alone, ...whole.flatMap((split) => weights.map((weight) => ({ ...split, weight })))];
};

const explainsWeights = (lists: readonly Armed[], share: Percent): boolean =>
  lists.every(({ destinations, merged, arms }) =>
    sameJson(weighted.shapeOf(destinations, arms), weighted.shapeOf(weighted.splitList(merged, share, arms), arms)),
  );

const explainsAdditions = (kind: WeightedKind, objects: readonly Bare[], between: Between, split: Split): boolean =>
  objects.every(({ live, bare }) => sameJson(live.spec, dressed(kind, bare, { ...between, split }).spec)) &&
  additionProblems(
    kind,
    objects.map(({ bare }) => bare),
    between,
    [split],
  ).length === 0;

/**
 * The one split that explains the weights of every list and everything beside them; undefined where no list sends to the
 * apex.
 */
export const observeSplit = (
  kind: WeightedKind,
  live: readonly KubeObject[],
  between: Between,
): Split | 'unknown' | undefined => {
  const objects = live.map((object) => ({ live: object, bare: bareOf(kind, object, between.apex) }));
  const lists = listsOf(kind, objects, between);
  const [first] = lists;
  if (first === undefined) return undefined;
  const remembered = live.flatMap((object) => readMemo(object, between.apex)?.split ?? []);
  const found = candidates(kind, remembered, weighted.estimate(first.destinations, first.arms)).find(
    (split) => explainsWeights(lists, split.weight) && explainsAdditions(kind, objects, between, split),
  );
  return found ?? 'unknown';
};

/**
 * The format of every kind of route that spreads weights over lists of destinations. A mesh's own file says where the lists
 * are and what a destination means (`WeightedKind`); splitting, remembering, reading back and taking out are the same for all.
 */
import { isDeeper } from '../values/extent.ts';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import type { Acceptance, RouteFormat, ServiceName } from '../values/route-format.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import { isNoSplit, noSplit } from '../values/split.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import { replaceAt } from '../values/json-values.ts';
import { additionProblems, bareOf, dressed } from './additions.ts';
import { observeSplit } from './observe-split.ts';
import { routeProblems } from './route-problems.ts';
import { carriedSplits, withMemoryOf, writeMemo, type SplitMemo } from './split-memo.ts';
import {
  armsOf,
  liveLists,
  sendingLists,
  servicesIn,
  rulesFor,
  subsetsNamed,
  type LiveList,
  type WeightedKind,
} from './weighted-kind.ts';
import * as weighted from './weighted-list.ts';

/** Deeper than any route that a person writes, and far below the limit of the stack. */
const deepest = 200;

/** Caches the result by spec, because it is needed once for every split in the route. */
const readable = new WeakMap<JsonObject, boolean>();

const isReadable = ({ spec }: KubeObject): boolean => {
  if (spec === undefined) return true;
  const known = readable.get(spec);
  if (known !== undefined) return known;
  const found = !isDeeper(spec, deepest);
  readable.set(spec, found);
  return found;
};

const put = (kind: WeightedKind, given: KubeObject, carried: CarriedSplit): KubeObject => {
  // The memo stays on the route until the route can be read again.
  if (!isReadable(given)) return given;
  const { apex, split } = carried;
  const object = bareOf(kind, given, apex);
  const arms = armsOf(kind, object, carried);
  const routed = replaceAt(
    object,
    liveLists(kind, object, carried).map(({ path, merged }) => ({
      path,
      value: weighted.splitList(merged, split.weight, arms),
    })),
  );
  const sending = sendingLists(kind, object, carried);
  const named = subsetsNamed(kind, object, apex);
  const subsets = named.size === 0 ? undefined : carried.subsets?.filter((subset) => named.has(subset));
  const memo = isNoSplit(split) || sending.length === 0 ? undefined : memoOf({ ...carried, subsets }, sending);
  return dressed(kind, writeMemo(routed, apex, memo));
};

type Noted = Omit<CarriedSplit, 'subsets'> & { readonly subsets: readonly string[] | undefined };

const memoOf = ({ split, release, subsets }: Noted, lists: readonly LiveList[]): SplitMemo => {
  const weights = lists.flatMap(({ key, merged }) => {
    const lost = weighted.lostWeight(merged);
    return lost === undefined ? [] : [[key, lost] as const];
  });
  return {
    split,
    release,
    weights: Object.fromEntries(weights),
    ...(subsets === undefined ? {} : { subsets: [...subsets].sort() }),
  };
};

/** The empty split, which `take` leaves behind. */
const nothing = (apex: string): CarriedSplit => ({
  apex,
  canaryService: canaryServiceName(apex),
  split: noSplit,
  release: '',
});

const about = (kind: WeightedKind, object: KubeObject): readonly ServiceName[] => {
  const { namespace = '' } = object.metadata;
  const remembered = carriedSplits(object).map(({ apex }) => ({ namespace, name: apex }));
  const keys = new Map([...servicesIn(kind, object), ...remembered].map((s) => [`${s.namespace}/${s.name}`, s]));
  return [...keys.values()];
};

const untold: Acceptance = { state: 'untold', because: 'the route carries no status to tell by' };

/** A route that is nested too deep has no lists: reading it could overflow the stack. */
const bounded = (kind: WeightedKind): WeightedKind => ({
  ...kind,
  lists: (object) => (isReadable(object) ? kind.lists(object) : []),
});

export const weightedFormat = (given: WeightedKind): RouteFormat => formatOf(bounded(given));

const formatOf = (kind: WeightedKind): RouteFormat => ({
  gvk: kind.gvk,
  isReadable,
  about: (object) => about(kind, bareOf(kind, object)),
  claims: (object) => kind.claims?.(object) ?? [],
  delegates: (object) => kind.delegates?.(object) ?? [],
  rulesFor: (object, apex) => rulesFor(kind, bareOf(kind, object), apex),
  read: carriedSplits,
  put: (object, split) => put(kind, object, split),
  take: (object, apex) => put(kind, object, nothing(apex)),
  remember: withMemoryOf,
  observe: (objects, between) => observeSplit(kind, objects, between),
  problems: (objects, between, splits) => [
    ...routeProblems(
      kind,
      objects.map((object) => bareOf(kind, object)),
      between,
      splits,
    ),
    ...additionProblems(kind, objects, between, splits),
  ],
  acceptance: (object) => kind.acceptance?.(object) ?? untold,
});

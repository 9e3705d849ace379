/** What a route says of a split beside the weights in its lists: rules for matches, and mirrors. */
import type { KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import type { Between } from '../values/route-format.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import { hasMore, type Split } from '../values/split.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import { carriedSplits, readMemo } from './split-memo.ts';
import { armsOf, sendingLists, type LiveList, type WeightedKind } from './weighted-kind.ts';
import type { Arms } from './weighted-list.ts';

/** A split that an object is to carry, and the lists that it is about: those that give the apex traffic. */
export type Asked = {
  readonly apex: string;
  readonly canaryService: string;
  readonly split: Split;
  readonly arms: Arms;
  readonly lists: readonly LiveList[];
};

/** An object as it is and without additions, with a split that it is to carry. */
export type AskedOf = { readonly live: KubeObject; readonly bare: KubeObject; readonly asked: Asked };

/** How a kind says it. All functions are pure. */
export type Additions = {
  /** The object without additions. The mirrors are those to the canaries' Services with these names. */
  readonly without: (object: KubeObject, canaryServices: readonly string[]) => KubeObject;
  /** The object, which has none, with everything that these splits need and that it can say. */
  readonly with: (object: KubeObject, asked: readonly Asked[]) => KubeObject;
  /** What stands where Sluice would put additions, in an object that remembers no split. */
  readonly taken: (object: KubeObject, canaryService: string) => readonly Problem[];
  /** Why a split of these objects cannot be said, or not for all requests. */
  readonly problems: (objects: readonly AskedOf[]) => readonly Problem[];
};

/** The part of a split that weights and additions can say. */
export const withoutSticky = ({ sticky: _sticky, ...split }: Split): Split => split;

export const askedOf = (
  kind: WeightedKind,
  object: KubeObject,
  carried: Between & { readonly split: Split },
): Asked => {
  const { apex, canaryService, split } = carried;
  return {
    apex,
    canaryService,
    split,
    arms: armsOf(kind, object, carried),
    lists: sendingLists(kind, object, carried),
  };
};

/** The object without additions, those for the apex included, whether or not it remembers them. */
export const bareOf = ({ additions }: WeightedKind, object: KubeObject, apex?: string): KubeObject => {
  if (additions === undefined) return object;
  const names = [...carriedSplits(object).map((carried) => carried.apex), ...(apex === undefined ? [] : [apex])];
  return additions.without(object, names.map(canaryServiceName));
};

/** A bare object with the additions of every split that it remembers, or of this one in place of the remembered. */
export const dressed = (
  kind: WeightedKind,
  object: KubeObject,
  instead?: Omit<CarriedSplit, 'release'>,
): KubeObject => {
  const { additions } = kind;
  if (additions === undefined) return object;
  const others = carriedSplits(object).filter(({ apex }) => apex !== instead?.apex);
  const all = [...others, ...(instead === undefined ? [] : [instead])]
    .filter(({ split }) => hasMore(split))
    .sort((a, b) => (a.apex < b.apex ? -1 : 1));
  return all.length === 0
    ? object
    : additions.with(
        object,
        all.map((carried) => askedOf(kind, object, carried)),
      );
};

/** Why these splits cannot be put into the objects beside their weights. */
export const additionProblems = (
  kind: WeightedKind,
  objects: readonly KubeObject[],
  between: Between,
  splits: readonly Split[],
): readonly Problem[] => {
  const { additions } = kind;
  if (additions === undefined) return [];
  const found = splits.filter(hasMore).flatMap((split) =>
    additions.problems(
      objects.map((live) => {
        const bare = bareOf(kind, live, between.apex);
        return { live, bare, asked: askedOf(kind, bare, { ...between, split }) };
      }),
    ),
  );
  const taken = objects.flatMap((object) =>
    readMemo(object, between.apex) === undefined ? additions.taken(object, between.canaryService) : [],
  );
  return [...taken, ...new Map(found.map((problem) => [`${problem.field} ${problem.rule}`, problem])).values()];
};

/** Puts a split into one rule's list of weighted destinations and takes it out again; everything else is kept. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import type { Percent } from '../values/percent.ts';
import { splitWeights } from './split-weights.ts';

/** A destination as the route writes it. Its weight is the whole number in its field `weight`. */
export type Destination = JsonObject;
export type Arm = 'stable' | 'canary' | 'other';
/** Says which arm a destination is, and makes the canary's copy of a stable one. */
export type Arms = { readonly arm: (d: Destination) => Arm; readonly toCanary: (d: Destination) => Destination };

/** The former weight of a rule's only destination, which a split list no longer shows; null if it had none. */
export type LostWeight = number | null;

/** A rule's only destination gets all of its traffic whatever its weight says; 100 units can express every percent. */
const soleUnits = 100;

const isWeight = (value: Json | undefined): value is number | undefined =>
  value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);
const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** Whether every weight is absent or a whole number from 0. Any other list is left alone. */
export const isReadable = (list: readonly Destination[]): boolean => list.every(({ weight }) => isWeight(weight));

/** Units a destination of a list without canary entries really has: a missing weight among several counts as 0. */
const unitsOf = (d: Destination, list: readonly Destination[]): number =>
  list.length === 1 ? Math.max(soleUnits, numberOf(d.weight)) : numberOf(d.weight);

/** Units of a list (without canary entries) that go to stable and can be split; 0 also when its weights are unreadable. */
export const stableUnits = (list: readonly Destination[], arms: Arms): number =>
  givenTo(list, arms).reduce((sum, d) => sum + unitsOf(d, list), 0);

/** Destinations of a list (without canary entries) that are stable and get any traffic. */
export const givenTo = (list: readonly Destination[], { arm }: Arms): readonly Destination[] =>
  isReadable(list) ? list.filter((d) => arm(d) === 'stable' && unitsOf(d, list) > 0) : [];

/** The weight that `splitList` would overwrite irrecoverably, if any. */
export const lostWeight = (list: readonly Destination[]): LostWeight | undefined => {
  const [only, second] = list;
  if (only === undefined || second !== undefined || numberOf(only.weight) >= soleUnits) return undefined;
  return only.weight === undefined ? null : numberOf(only.weight);
};

/**
 * The list with `share` percent of stable's traffic given to the canary. `list` must have no canary entries (`mergeList`).
 * Each canary entry follows the entry it takes from. Where the canary gets nothing no entry is made: a route must not name
 * the canary's Service before its endpoints exist, nor after.
 */
export const splitList = (list: readonly Destination[], share: Percent, arms: Arms): readonly Destination[] => {
  if (stableUnits(list, arms) === 0) return list;
  const units = list.map((d) => (arms.arm(d) === 'stable' ? unitsOf(d, list) : 0));
  const { stable, canary } = splitWeights(units, share);
  return list.flatMap((d, index) => {
    const taken = canary[index] ?? 0;
    if (taken === 0) return [d];
    return [
      { ...d, weight: stable[index] ?? 0 },
      { ...arms.toCanary(d), weight: taken },
    ];
  });
};

/**
 * The list without canary entries: their weights go back to the stable entry before each of them. `lost` is what
 * `lostWeight` said before the split; without it an only destination keeps its weight in full, which means the same. A list
 * without a stable or without a canary entry carries no split and is returned unchanged.
 */
export const mergeList = (
  list: readonly Destination[],
  { arm }: Arms,
  lost: LostWeight | undefined,
): readonly Destination[] => {
  const split = list.some((d) => arm(d) === 'canary') && list.some((d) => arm(d) === 'stable');
  if (!split || !isReadable(list)) return list;
  const merged = withoutCanary(list, arm);
  const [only] = merged;
  return merged.length === 1 && only !== undefined && lost !== undefined ? [withWeight(only, lost)] : merged;
};

const withoutCanary = (list: readonly Destination[], arm: Arms['arm']): readonly Destination[] => {
  const first = list.findIndex((d) => arm(d) === 'stable');
  const gains = new Map<number, number>();
  let giver = first;
  for (const [index, d] of list.entries()) {
    if (arm(d) === 'stable') giver = index;
    if (arm(d) === 'canary') gains.set(giver, (gains.get(giver) ?? 0) + numberOf(d.weight));
  }
  return list.flatMap((d, index) => {
    if (arm(d) === 'canary') return [];
    const gain = gains.get(index);
    return [gain === undefined ? d : { ...d, weight: numberOf(d.weight) + gain }];
  });
};

const withWeight = (d: Destination, weight: LostWeight): Destination => {
  if (weight !== null) return { ...d, weight };
  const { weight: _dropped, ...rest } = d;
  return rest;
};

/** Arms and weights in order: lists of equal shape split traffic alike. */
export const shapeOf = (list: readonly Destination[], { arm }: Arms): readonly (readonly [Arm, number])[] =>
  list.map((d) => [arm(d), numberOf(d.weight)]);

/** The canary's share in a list, rounded to whole percent. */
export const estimate = (list: readonly Destination[], { arm }: Arms): number => {
  const sum = (wanted: Arm): number =>
    list.filter((d) => arm(d) === wanted).reduce((total, d) => total + numberOf(d.weight), 0);
  const canary = sum('canary');
  return canary === 0 ? 0 : Math.round((100 * canary) / (canary + sum('stable')));
};

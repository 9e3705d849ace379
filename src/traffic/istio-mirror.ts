/** Mirrors of a split in a VirtualService: copies of a rule's requests, which the canary answers and nobody reads. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { objectOf, objectsOf } from '../values/json-values.ts';
import type { Asked } from './additions.ts';
import type { LiveList } from './weighted-kind.ts';
import { givenTo, type Destination } from './weighted-list.ts';

/** In the order of preference of istiod; a rule may have `mirrors` or the rest. */
const fields = ['mirror', 'mirrorPercentage', 'mirrorPercent', 'mirror_percent'] as const;

type IsCanary = (destination: JsonObject) => boolean;

const entriesToOthers = (mirrors: Json | undefined, isCanary: IsCanary): readonly JsonObject[] =>
  objectsOf(mirrors).filter(({ destination }) => !isCanary(objectOf(destination)));

/** Whether a rule mirrors to a canary. */
export const mirrorsToCanary = ({ mirror, mirrors }: JsonObject, isCanary: IsCanary): boolean =>
  isCanary(objectOf(mirror)) || entriesToOthers(mirrors, isCanary).length < objectsOf(mirrors).length;

/** The rule without mirrors to a canary. A list of mirrors is the user's, even if nothing is left in it. */
export const withoutMirror = (rule: JsonObject, isCanary: IsCanary): JsonObject => {
  if (!mirrorsToCanary(rule, isCanary)) return rule;
  const { mirror: _mirror, mirrorPercentage: _percentage, ...rest } = rule;
  const kept = isCanary(objectOf(rule['mirror'])) ? rest : rule;
  const { mirrors } = kept;
  return mirrors === undefined ? kept : { ...kept, mirrors: [...entriesToOthers(mirrors, isCanary)] };
};

/** A mirror of the user's that leaves no room for another. */
export const mirrorInTheWay = (rule: JsonObject): (typeof fields)[number] | undefined =>
  fields.find((field) => rule[field] !== undefined);

/** Whether all requests of a rule are for the apex. A mirror copies those to other destinations as well. */
export const isOnlyForApex = ({ merged }: LiveList, { arms }: Asked): boolean => {
  const given = new Set(givenTo(merged, arms));
  return merged.every((d) => given.has(d) || d.weight === 0);
};

/** Percent of a rule's requests that are to be copied: a part of stable's share. Envoy knows four decimals. */
const percentOf = (rule: JsonObject, { arms, split }: Asked): number => {
  const mirror: number = split.mirror ?? 0;
  const list = objectsOf(rule['route']);
  const units = (arm: 'stable' | 'canary'): number =>
    list
      .filter((d) => arms.arm(d) === arm)
      .reduce((sum, { weight }) => sum + (typeof weight === 'number' ? weight : 0), 0);
  const [stable, canary] = [units('stable'), units('canary')];
  return canary === 0 ? mirror : Math.round((1e4 * mirror * stable) / (stable + canary)) / 1e4;
};

const canaryOf = (list: LiveList, { arms }: Asked): JsonObject => {
  const [first = {}]: readonly Destination[] = givenTo(list.merged, arms);
  return objectOf(arms.toCanary(first)['destination']);
};

/** The rule with the mirror of a split; as it is where it has no room for one. */
export const withMirror = (rule: JsonObject, list: LiveList, asked: Asked): JsonObject => {
  const value = percentOf(rule, asked);
  if (value === 0 || mirrorInTheWay(rule) !== undefined || !isOnlyForApex(list, asked)) return rule;
  const destination = canaryOf(list, asked);
  return rule['mirrors'] === undefined
    ? { ...rule, mirror: destination, mirrorPercentage: { value } }
    : { ...rule, mirrors: [...objectsOf(rule['mirrors']), { destination, percentage: { value } }] };
};

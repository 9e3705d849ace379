/** Reads the split remembered on a route. Anyone may have edited it. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { isPercent, type Percent } from '../values/percent.ts';
import type { Match, Split, Sticky, TextMatch } from '../values/split.ts';
import { objectOf } from '../values/json-values.ts';

const isPercentage = (value: Json | undefined): value is Percent => typeof value === 'number' && isPercent(value);

const isTexts = (value: Json | undefined, isText: (text: Json | undefined) => boolean): boolean =>
  value === undefined || (Object.keys(objectOf(value)).length > 0 && Object.values(objectOf(value)).every(isText));

const isTextMatch = (value: Json | undefined): value is TextMatch => {
  const [entry, ...more] = Object.entries(objectOf(value));
  if (entry === undefined || more.length > 0) return false;
  return ['exact', 'prefix', 'suffix', 'regex'].includes(entry[0]) && typeof entry[1] === 'string';
};

const isMatch = (value: Json | undefined): value is Match => {
  const { headers, cookies, query, sourceLabels, ...unknown } = objectOf(value);
  return (
    Object.keys(unknown).length === 0 &&
    [headers, cookies, query].every((texts) => isTexts(texts, isTextMatch)) &&
    isTexts(sourceLabels, (text) => typeof text === 'string')
  );
};

const isMatches = (value: Json | undefined): value is readonly Match[] =>
  Array.isArray(value) && value.length > 0 && value.every(isMatch);

const isSticky = (value: Json | undefined): value is Sticky => {
  const { cookie, ttl } = objectOf(value);
  return typeof cookie === 'string' && typeof ttl === 'number';
};

/** Undefined if any part cannot be read, because the readable rest would be a different split. */
export const readSplit = (value: Json | undefined): Split | undefined => {
  const { weight, match, mirror, sticky, ...unknown }: JsonObject = objectOf(value);
  if (!isPercentage(weight) || Object.keys(unknown).length > 0) return undefined;
  if (match !== undefined && !isMatches(match)) return undefined;
  if (mirror !== undefined && !isPercentage(mirror)) return undefined;
  if (sticky !== undefined && !isSticky(sticky)) return undefined;
  return {
    weight,
    ...(match === undefined ? {} : { match }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(sticky === undefined ? {} : { sticky }),
  };
};

/** The size and depth of JSON values. Both functions stop at their bounds. */

type Members = { readonly [key: string]: unknown };

/** Whether lists and objects are nested more than this many levels deep, counting the value itself. */
export const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  // JSON objects have only own keys, and `for-in` copies none of them.
  if (!Array.isArray(value)) {
    for (const key in value) if (isDeeper((value as Members)[key], levels - 1)) return true;
    return false;
  }
  for (const item of value as readonly unknown[]) if (isDeeper(item, levels - 1)) return true;
  return false;
};

/** This many characters of text count as one value. */
const charactersEach = 16;
/** Deeper than any value to be counted, and far from a stack overflow. */
const deepest = 200;

/**
 * The number of values in it, with long texts counted by length. Infinity if it exceeds `most` or is nested too deep.
 */
export const weightOf = (value: unknown, most: number): number => {
  const scale = { left: most };
  weigh(value, scale, deepest);
  return scale.left < 0 ? Infinity : most - scale.left;
};

const weigh = (value: unknown, scale: { left: number }, levels: number): void => {
  scale.left -= typeof value === 'string' ? 1 + value.length / charactersEach : 1;
  if (typeof value !== 'object' || value === null || scale.left < 0) return;
  if (levels === 0) scale.left = -Infinity;
  else if (Array.isArray(value)) weighList(value, scale, levels);
  else weighObject(value as Members, scale, levels);
};

const weighList = (list: readonly unknown[], scale: { left: number }, levels: number): void => {
  for (const item of list) {
    if (scale.left < 0) return;
    weigh(item, scale, levels - 1);
  }
};

const weighObject = (object: Members, scale: { left: number }, levels: number): void => {
  for (const key in object) {
    if (scale.left < 0) return;
    scale.left -= key.length / charactersEach;
    weigh(object[key], scale, levels - 1);
  }
};

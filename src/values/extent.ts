/** How large and how deep a value of JSON is. Neither function works longer than its bound asks, nor deeper. */

type Members = { readonly [key: string]: unknown };

/** Whether lists and objects are nested in it past so many levels; the value itself is the first one. */
export const isDeeper = (value: unknown, levels: number): boolean =>
  isNested(value) && (Array.isArray(value) ? isDeepList(value, levels) : isDeepObject(value as Members, levels));

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isDeepList = (list: readonly unknown[], levels: number): boolean => {
  if (levels === 0) return true;
  for (const item of list) if (isNested(item) && isDeeper(item, levels - 1)) return true;
  return false;
};

// for-in over an object of JSON sees its own keys alone, and copies none. Most values are words: no call is made for them.
const isDeepObject = (object: Members, levels: number): boolean => {
  if (levels === 0) return true;
  for (const key in object) {
    const value = object[key];
    if (typeof value === 'object' && value !== null && isDeeper(value, levels - 1)) return true;
  }
  return false;
};

/** Characters that weigh as much as a value of their own. */
const charactersEach = 16;
/** Deeper than anything that is weighed, and far from the end of the stack. */
const deepest = 200;

/** How many values are in it, long texts counted by their length; Infinity past `most`, or where it is nested too deep to tell. */
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

/** How large and how deep a value of JSON is. Neither function works longer than its bound asks, nor deeper. */

type Members = { readonly [key: string]: unknown };

/** Whether lists and objects are nested in it past so many levels; the value itself is the first one. */
export const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  // for-in over an object of JSON sees its own keys alone, and copies none.
  if (!Array.isArray(value)) {
    for (const key in value) if (isDeeper((value as Members)[key], levels - 1)) return true;
    return false;
  }
  for (const item of value as readonly unknown[]) if (isDeeper(item, levels - 1)) return true;
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

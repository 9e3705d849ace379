import type { Json, JsonObject } from './kube-object.ts';

/**
 * Whether two values are equal but for the order of keys; a key without a value counts as absent. Equal values have one canonical text; the reverse need not
 * hold. Answers several times as fast as texts are made, and most of what is compared is equal.
 */
export const sameJson = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameList(a as readonly Json[], b as readonly Json[]);
  return !Array.isArray(b) && sameObject(a as JsonObject, b as JsonObject);
};

const sameList = (a: readonly Json[], b: readonly Json[]): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!sameJson(a[i], b[i])) return false;
  return true;
};

// for-in over an object of JSON sees its own keys alone, and is the one loop V8 reads values in without looking them up.
const sameObject = (a: JsonObject, b: JsonObject): boolean => {
  let seen = 0;
  for (const key in a) {
    const value = a[key];
    if (value === undefined) continue;
    // A key of that name is found in every object, there or not.
    if (key === '__proto__' || !sameJson(value, b[key])) return false;
    seen += 1;
  }
  const keys = Object.keys(b);
  return seen === keys.length || seen === keys.filter((key) => b[key] !== undefined).length;
};

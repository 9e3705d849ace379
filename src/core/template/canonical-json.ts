/** Maps JSON values that are equal in Kubernetes to the same text. */
import type { Json } from '../../values/kube-object.ts';

/**
 * Fields that are maps or plain structs in the API, where empty equals absent. Other empty objects have a meaning
 * (`emptyDir: {}`, a label selector that matches everything), so they stay.
 */
const emptyIsAbsent: ReadonlySet<string> = new Set([
  'annotations',
  'labels',
  'limits',
  'matchLabels',
  'metadata',
  'nodeSelector',
  'options',
  'overhead',
  'requests',
  'resources',
  'volumeAttributes',
]);

/**
 * JSON with sorted keys, without null, empty lists and empty maps, which apimachinery's semantic equality treats as
 * absent. Quantities are compared as text: the API server has normalised them.
 */
export const canonicalJson = (value: Json | undefined): string => JSON.stringify(canonical(value ?? null));

// Runs twice per admission. Values that are already canonical, as most of a template is, are not copied.
const canonical = (value: Json): Json => {
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? canonicalList(value) : canonicalObject(value);
};

const isList = (value: Json & object): value is readonly Json[] => Array.isArray(value);

const canonicalList = (list: readonly Json[]): Json => {
  const result = list.map((item) => canonical(item));
  return result.every((item, i) => item === list[i]) ? list : result;
};

const canonicalObject = (object: { readonly [key: string]: Json | undefined }): Json => {
  const keys = Object.keys(object);
  const values: Json[] = [];
  let asItStands = inOrder(keys);
  for (const key of asItStands ? keys : sort(keys)) {
    const value = canonical(object[key] ?? null);
    values.push(value);
    asItStands &&= value === object[key] && !isDropped(key, value);
  }
  return asItStands ? object : rebuilt(keys, values);
};

const rebuilt = (keys: readonly string[], values: readonly Json[]): Json => {
  const result: { [key: string]: Json } = {};
  for (let i = 0; i < keys.length; i += 1) {
    const [key, value] = [keys[i] ?? '', values[i] ?? null];
    if (!isDropped(key, value)) result[key] = value;
  }
  return result;
};

const inOrder = (keys: readonly string[]): boolean => {
  for (let i = 1; i < keys.length; i += 1) if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return false;
  return true;
};

const few = 24;

/** Sorts in place. For a few, nearly sorted keys, insertion sort is twice as fast as the built-in. */
const sort = (keys: string[]): readonly string[] => {
  if (keys.length > few) return keys.sort();
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] ?? '';
    let j = i;
    for (; j > 0 && (keys[j - 1] ?? '') > key; j -= 1) keys[j] = keys[j - 1] ?? '';
    keys[j] = key;
  }
  return keys;
};

const isDropped = (key: string, value: Json): boolean => {
  if (value === null) return true;
  // No API object has this key, and assigning it would set the prototype.
  if (key === '__proto__') return true;
  if (typeof value !== 'object') return false;
  return isList(value) ? value.length === 0 : emptyIsAbsent.has(key) && Object.keys(value).length === 0;
};

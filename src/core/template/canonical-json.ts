/** One text for every JSON value that Kubernetes holds to mean the same. */
import type { Json } from '../../values/kube-object.ts';

/**
 * Fields that are maps or plain structs in the API: empty equals absent there. Other empty objects mean something
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
 * JSON in which the order of keys does not show, and null, empty lists and empty maps are left out of objects, as
 * apimachinery's semantic equality counts them as absent. Quantities are compared as written: the API server has
 * normalised them.
 */
export const canonicalJson = (value: Json | undefined): string => weighedCanonicalJson(value).text;

/** The same, and how many characters of the value, roughly, do not show in it. */
export const weighedCanonicalJson = (value: Json | undefined): { readonly text: string; readonly hidden: number } => {
  const tally = { hidden: 0 };
  return { text: JSON.stringify(canonical(value ?? null, tally)), hidden: tally.hidden };
};

type Tally = { hidden: number };

// This runs twice in every admission. What is canonical as it stands is not copied: most of a template is.
const canonical = (value: Json, tally: Tally): Json => {
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? canonicalList(value, tally) : canonicalObject(value, tally);
};

const isList = (value: Json & object): value is readonly Json[] => Array.isArray(value);

const canonicalList = (list: readonly Json[], tally: Tally): Json => {
  const result = list.map((item) => canonical(item, tally));
  return result.every((item, i) => item === list[i]) ? list : result;
};

const canonicalObject = (object: { readonly [key: string]: Json | undefined }, tally: Tally): Json => {
  const keys = Object.keys(object);
  const values: Json[] = [];
  let asItStands = inOrder(keys);
  for (const key of asItStands ? keys : sort(keys)) {
    const value = canonical(object[key] ?? null, tally);
    values.push(value);
    asItStands &&= value === object[key] && !isDropped(key, value);
  }
  return asItStands ? object : rebuilt(keys, values, tally);
};

const rebuilt = (keys: readonly string[], values: readonly Json[], tally: Tally): Json => {
  const result: { [key: string]: Json } = {};
  for (let i = 0; i < keys.length; i += 1) {
    const [key, value] = [keys[i] ?? '', values[i] ?? null];
    if (!isDropped(key, value)) result[key] = value;
    else tally.hidden += key.length + (key === prototype ? Infinity : emptyValue);
  }
  return result;
};

/** `:null,` and quotes. */
const emptyValue = 8;
/** No object of the API has such a key; assigned it would not be a key but a prototype. */
const prototype = '__proto__';

const inOrder = (keys: readonly string[]): boolean => {
  for (let i = 1; i < keys.length; i += 1) if ((keys[i - 1] ?? '') > (keys[i] ?? '')) return false;
  return true;
};

const few = 24;

/** Sorts in place. A few short keys, nearly in order, are sorted twice as fast by insertion as by the built-in. */
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
  if (key === prototype) return true;
  if (typeof value !== 'object') return false;
  return isList(value) ? value.length === 0 : emptyIsAbsent.has(key) && Object.keys(value).length === 0;
};

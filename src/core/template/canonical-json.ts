/** One text for every JSON value that Kubernetes holds to mean the same. */
import type { Json } from '../kube-object.ts';

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
export const canonicalJson = (value: Json | undefined): string => JSON.stringify(canonical(value ?? null));

// Loops and plain objects: this runs twice in every admission, and was four times as slow in text and closures.
const canonical = (value: Json): Json => {
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? value.map((item) => canonical(item)) : canonicalObject(value);
};

const isList = (value: Json & object): value is readonly Json[] => Array.isArray(value);

const canonicalObject = (object: { readonly [key: string]: Json | undefined }): Json => {
  const result: { [key: string]: Json } = {};
  for (const key of Object.keys(object).sort()) {
    const inner = canonical(object[key] ?? null);
    // No object of the API has such a key; assigned here it would not be a key but a prototype.
    if (!isAbsent(key, inner) && key !== '__proto__') result[key] = inner;
  }
  return result;
};

const isAbsent = (key: string, value: Json): boolean => {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  return isList(value) ? value.length === 0 : emptyIsAbsent.has(key) && Object.keys(value).length === 0;
};

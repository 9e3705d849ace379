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
 * JSON with sorted keys, in which null, empty lists and empty maps are left out of objects, as apimachinery's semantic
 * equality counts them as absent. Quantities are compared as written: the API server has normalised them.
 */
export const canonicalJson = (value: Json | undefined): string => {
  if (value === undefined || value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (isList(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  return `{${fields(value).join(',')}}`;
};

const isList = (value: Json & object): value is readonly Json[] => Array.isArray(value);

const fields = (object: { readonly [key: string]: Json | undefined }): readonly string[] =>
  Object.keys(object)
    .sort()
    .flatMap((key) => {
      const text = canonicalJson(object[key]);
      return isAbsent(key, text) ? [] : [`${JSON.stringify(key)}:${text}`];
    });

const isAbsent = (key: string, text: string): boolean =>
  text === 'null' || text === '[]' || (text === '{}' && emptyIsAbsent.has(key));

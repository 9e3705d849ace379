/** Reading and changing JSON of kinds whose fields Sluice mostly does not know. Nothing is ever changed in place. */
import type { Json, JsonObject } from '../values/kube-object.ts';

export type JsonPath = readonly (string | number)[];

/** `Array.isArray` turns a readonly array into `any[]`; this keeps the element type. */
const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !isArray(value);

/** The object a value is, or an empty one. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** The objects a list holds; anything that is not a list of objects is none. */
export const objectsOf = (value: Json | undefined): readonly JsonObject[] =>
  isArray(value) && value.every(isObject) ? value : [];

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** `root` with the value at `path` replaced. A step that leads nowhere leaves it as it is. */
export const replaceAt = <T extends Json>(root: T, path: JsonPath, value: Json): T => replaced(root, path, value) as T;

const replaced = (root: Json, path: JsonPath, value: Json): Json => {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (isArray(root)) return root.map((item, index) => (index === step ? replaced(item, rest, value) : item));
  if (!isObject(root) || !(step in root)) return root;
  return { ...root, [step]: replaced(root[step] ?? null, rest, value) };
};

/** JSON text with sorted keys: equal for equal values, whoever serialised them before. */
export const canonical = (value: Json | undefined): string => {
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(',')}}`;
};

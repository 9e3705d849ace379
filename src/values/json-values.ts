/** Reads and changes JSON of kinds whose fields are mostly unknown to Sluice. Never mutates its arguments. */
import type { Json, JsonObject } from './kube-object.ts';

export type JsonPath = readonly (string | number)[];

/** `Array.isArray` turns a readonly array into `any[]`; this keeps the element type. */
const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !isArray(value);

/** The value if it is an object, else an empty object. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** The objects in a list; empty for anything else. */
export const objectsOf = (value: Json | undefined): readonly JsonObject[] =>
  isArray(value) && value.every(isObject) ? value : [];

/** The texts in a list; empty for anything else. */
export const textsOf = (value: Json | undefined): readonly string[] =>
  isArray(value) ? value.filter((one) => typeof one === 'string') : [];

export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

export type Replacement = { readonly path: JsonPath; readonly value: Json };

/**
 * `root` with the values at these paths replaced. No path may be a prefix of another; a path that does not exist is
 * ignored. All paths are replaced in one pass, because one pass per path would copy every list along the path each time.
 */
export const replaceAt = <T extends Json>(root: T, replacements: readonly Replacement[]): T =>
  replaced(root, replacements, 0) as T;

const replaced = (root: Json, replacements: readonly Replacement[], depth: number): Json => {
  const [first] = replacements;
  if (first === undefined) return root;
  if (first.path.length === depth) return first.value;
  const within = Map.groupBy(replacements, ({ path }) => path[depth] ?? '');
  const next = (value: Json, step: string | number): Json => replaced(value, within.get(step) ?? [], depth + 1);
  if (isArray(root)) return root.map(next);
  if (!isObject(root)) return root;
  const steps = [...within.keys()].filter((step) => step in root);
  return { ...root, ...Object.fromEntries(steps.map((step) => [step, next(root[step] ?? null, step)])) };
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

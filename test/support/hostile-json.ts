/** JSON as nobody means it: what takes the place of every value of a question in turn. */
import type { Json } from '../../src/values/kube-object.ts';

const deep = 20_000;

/** Texts of JSON values, some of which no serialiser would write. */
export const hostileTexts: readonly string[] = [
  'null',
  'true',
  '0',
  '1e999',
  '-9007199254740993.5',
  '""',
  '"x"',
  `"${'x'.repeat(10_000)}"`,
  '"\\u0000\\r\\n\\u001b[2J"',
  '"\\ud800"',
  '"$&$`$\'"',
  '"../../%00"',
  '[]',
  '["x",null,{},[]]',
  '[{},{},null]',
  '{}',
  '{"name":{"name":[]},"0":1,"":2}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":2}',
  '{"name":"a","name":{"name":"b"}}',
];

/** Deeper than the stack. They are slow to read: one for each place of an object or a list. */
export const bottomlessTexts: readonly string[] = [
  '['.repeat(deep) + ']'.repeat(deep),
  '{"a":'.repeat(deep) + '1' + '}'.repeat(deep),
];

export type Path = readonly (string | number)[];

/** Every place in a value, the value itself included; or those of objects and lists alone. */
export const pathsIn = (value: Json | undefined, leaves = true): readonly Path[] => {
  if (typeof value !== 'object' || value === null) return leaves ? [[]] : [];
  const inside = Array.isArray(value)
    ? (value as readonly Json[]).map((inner, i) => [i, inner] as const)
    : Object.entries(value);
  return [[], ...inside.flatMap(([key, inner]) => pathsIn(inner, leaves).map((path) => [key, ...path]))];
};

const mark = '@here@';

/** JSON of the value with `text` at the path; without a text the field is missing, or the item. */
export const withTextAt = (value: Json, path: Path, text: string | undefined): string =>
  JSON.stringify(replaced(value, path, text === undefined ? undefined : mark)).replace(`"${mark}"`, () => text ?? '');

const replaced = (value: Json | undefined, [key, ...rest]: Path, by: Json | undefined): Json | undefined => {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item, i) => (i === key ? replaced(item, rest, by) : item));
    return items.filter((item) => item !== undefined);
  }
  const object = (value ?? {}) as { readonly [key: string]: Json | undefined };
  return { ...object, [key]: replaced(object[key], rest, by) };
};

/** JSON as nobody means it: what takes the place of every value of a question in turn. */
import type { Json } from '../../src/core/kube-object.ts';

const deep = 10_000;

/** Texts of JSON values, some of which no serialiser would write. */
export const hostileTexts: readonly (readonly [name: string, text: string])[] = [
  ['null', 'null'],
  ['true', 'true'],
  ['zero', '0'],
  ['an endless number', '1e999'],
  ['a number below every integer', '-9007199254740993.5'],
  ['an empty text', '""'],
  ['a text', '"x"'],
  ['a long text', `"${'x'.repeat(10_000)}"`],
  ['a text of control characters', '"\\u0000\\r\\n\\u001b[2J"'],
  ['half a character', '"\\ud800"'],
  ['replacement patterns', '"$&$`$\'"'],
  ['a path', '"../../%00"'],
  ['an empty list', '[]'],
  ['a list', '["x",null,{},[]]'],
  ['a list of objects without anything', '[{},{},null]'],
  ['an empty object', '{}'],
  ['an object', '{"name":{"name":[]},"0":1,"":2}'],
  ['keys that every object has', '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":2}'],
  ['a key twice', '{"name":"a","name":{"name":"b"}}'],
  ['a list of bottomless depth', '['.repeat(deep) + ']'.repeat(deep)],
  ['an object of bottomless depth', '{"a":'.repeat(deep) + '1' + '}'.repeat(deep)],
];

type Path = readonly (string | number)[];

/** Every place in a value, the value itself included. */
export const pathsIn = (value: Json | undefined): readonly Path[] => {
  if (typeof value !== 'object' || value === null) return [[]];
  const inside = Array.isArray(value)
    ? (value as readonly Json[]).map((inner, i) => [i, inner] as const)
    : Object.entries(value);
  return [[], ...inside.flatMap(([key, inner]) => pathsIn(inner).map((path) => [key, ...path]))];
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

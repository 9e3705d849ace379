/** Holds a value against a schema and says everything that is wrong with it, at once, in a person's words. */
import type { TSchema } from 'typebox';
import { parseDuration } from '../values/duration.ts';
import type { Problem } from '../values/problem.ts';
import { nearest } from './nearest.ts';
import { isIntOrString, nodeOf, typeOf, valuesOf, type SchemaNode } from './node.ts';
import { advice, allowed } from './words.ts';

/** A problem before it is known where the person wrote the value. */
export type Finding = {
  /** Field path in the value: `weights[2]`, `checks[0].min`; empty for the value itself. */
  readonly path: string;
  /** What is there; undefined when it is missing. */
  readonly value: unknown;
  readonly rule: string;
  readonly todo: string;
  /** Paths of all fields a rule between fields looks at, `path` first. Absent for a problem of one field. */
  readonly among?: readonly string[];
};

type Place = { readonly path: string; readonly value: unknown; readonly old: unknown };

const below = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** The API server drops a null before it validates, so null is a field that is not set. */
const isSet = (value: unknown): boolean => value !== undefined && value !== null;
const fieldOf = (value: unknown, field: string): unknown =>
  isObject(value) && Object.hasOwn(value, field) ? (value[field] ?? undefined) : undefined;

const hasType = (node: SchemaNode, value: unknown): boolean => {
  if (isIntOrString(node)) return typeof value === 'string' || Number.isSafeInteger(value);
  switch (typeOf(node)) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    default:
      return typeof value === (typeOf(node) ?? 'string');
  }
};

const within = (size: number, min = 0, max = Infinity): boolean => size >= min && size <= max;

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const isTime = (text: string): boolean => rfc3339.test(text) && !Number.isNaN(Date.parse(text));

/** Asked of a text that has the pattern of a duration, or of a number of seconds. */
const durationFits = ({ minDuration: min, maxDuration: max }: SchemaNode, value: string | number): boolean =>
  (min === undefined || parseDuration(value) >= parseDuration(min)) &&
  (max === undefined || parseDuration(value) <= parseDuration(max));

/** The API server counts characters, not UTF-16 units. Of a text without bounds, or with more units than can fit, nothing is counted. */
const lengthOf = (text: string, { minLength, maxLength }: SchemaNode): number =>
  (minLength === undefined && maxLength === undefined) || text.length > 2 * (maxLength ?? Infinity)
    ? text.length
    : Array.from(text).length;

const textFits = (node: SchemaNode, text: string): boolean =>
  within(lengthOf(text, node), node.minLength, node.maxLength) &&
  (node.pattern === undefined || new RegExp(node.pattern).test(text)) &&
  (node.enum === undefined || node.enum.includes(text)) &&
  (node.format === undefined || isTime(text)) &&
  durationFits(node, text);

const numberFits = (node: SchemaNode, value: number): boolean =>
  within(value, node.minimum ?? -Infinity, node.maximum) &&
  value > (node.exclusiveMinimum ?? -Infinity) &&
  value < (node.exclusiveMaximum ?? Infinity) &&
  durationFits(node, value);

const fits = (node: SchemaNode, value: unknown): boolean => {
  if (!hasType(node, value)) return false;
  if (typeof value === 'string') return textFits(node, value);
  if (typeof value === 'number') return numberFits(node, value);
  if (isObject(value)) return within(Object.keys(value).length, 0, node.maxProperties);
  return !Array.isArray(value) || within(value.length, node.minItems, node.maxItems);
};

/** Past this many unknown fields a person is not mistaken but hostile, and each costs a search for the one that was meant. */
const toldUnknown = 100;

const unknownField = (
  { properties = {}, otherNames = {}, notHere = {} }: SchemaNode,
  path: string,
  value: unknown,
): Finding => {
  const known = Object.keys(properties);
  const field = path.slice(path.lastIndexOf('.') + 1);
  const elsewhere = Object.hasOwn(notHere, field) ? notHere[field] : undefined;
  if (elsewhere !== undefined) return { path, value, ...elsewhere };
  const guess = nearest(field, [...known, ...Object.keys(otherNames)]);
  const near = guess === undefined ? undefined : (otherNames[guess] ?? guess);
  const todo = near === undefined ? `The fields here are ${known.join(', ')}.` : `Did you mean ${near}?`;
  return { path, value, rule: 'is not a field that is known here', todo };
};

/** Of a map: every key, and every value. */
const entryFindings = (node: SchemaNode, values: SchemaNode, { path, value }: Place): readonly Finding[] =>
  Object.entries(isObject(value) ? value : {}).flatMap(([key, v]) => {
    const at = below(path, key);
    const keys = node.propertyNames;
    const wrong =
      keys === undefined || fits(keys, key)
        ? []
        : [{ path: at, value: key, rule: `must be ${allowed(keys)}`, todo: advice(keys, key) }];
    return [...wrong, ...findingsAt(values, { path: at, value: v, old: undefined })];
  });

const fieldFindings = (node: SchemaNode, { path, value, old }: Place): readonly Finding[] => {
  const known = Object.keys(node.properties ?? {});
  const given = Object.entries(isObject(value) ? value : {}).filter(([, v]) => isSet(v));
  const unknown = given.filter(([field]) => !known.includes(field));
  const missing = (node.required ?? []).filter((field) => !isSet(fieldOf(value, field)));
  return [
    ...unknown.slice(0, toldUnknown).map(([field, v]) => unknownField(node, below(path, field), v)),
    ...missing.map((field) => {
      const wanted = node.properties?.[field] ?? {};
      return { path: below(path, field), value: undefined, rule: 'must be set', todo: `Set it to ${allowed(wanted)}.` };
    }),
    ...Object.entries(node.properties ?? {}).flatMap(([field, child]) => {
      const v = fieldOf(value, field);
      return isSet(v) ? findingsAt(child, { path: below(path, field), value: v, old: fieldOf(old, field) }) : [];
    }),
  ];
};

const withoutNulls = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, v]) => isSet(v))) : value;

const ruleFindings = (node: SchemaNode, { path, value: given, old }: Place): readonly Finding[] => {
  const value = withoutNulls(given);
  return (node.rules ?? [])
    .filter((rule) => (rule.onUpdate ? old !== undefined && !rule.holds(value, old) : !rule.holds(value, undefined)))
    .map((rule) => {
      const among = rule.fields.map((field) => below(path, field));
      const [first] = rule.fields;
      const at = first === undefined ? { path, value } : { path: below(path, first), value: fieldOf(value, first) };
      return { ...at, rule: rule.message, todo: rule.todo, among };
    });
};

const findingsAt = (node: SchemaNode, place: Place): readonly Finding[] => {
  const { path, value } = place;
  if (!fits(node, value)) return [{ path, value, rule: `must be ${allowed(node)}`, todo: advice(node, value) }];
  const inside = insideFindings(node, place);
  // A rule may rely on the shape of what it reads.
  return inside.length > 0 ? inside : ruleFindings(node, place);
};

const insideFindings = (node: SchemaNode, place: Place): readonly Finding[] => {
  const { path, value } = place;
  const { items } = node;
  if (items !== undefined && Array.isArray(value))
    return value.flatMap((v: unknown, i) => findingsAt(items, { path: `${path}[${i}]`, value: v, old: undefined }));
  const values = valuesOf(node);
  return values === undefined ? fieldFindings(node, place) : entryFindings(node, values, place);
};

/** Everything wrong with a value, in the order of the schema. With `old`, rules about the change are looked at too. */
export const findings = (schema: TSchema, value: unknown, old?: unknown): readonly Finding[] =>
  findingsAt(nodeOf(schema), { path: '', value, old });

const longest = 100;
/** JSON nested a hundred thousand deep can be parsed but not written again. */
const jsonOf = (value: unknown): string => {
  try {
    return JSON.stringify(value);
  } catch {
    return '…';
  }
};

/** User and password of an address: what is wrong may be told in a log, too. */
const credentials = /(?<=:\/\/)[^/@\s]*(?=@)/g;

/** A value as a person would write it, cut where a hostile one would fill the screen, without the password of an address. */
export const asWritten = (value: unknown): string => {
  const text = (typeof value === 'string' ? value : jsonOf(value)).replace(credentials, '…');
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
};

/** A finding in the value that stands at the field path `at`. */
export const asProblem = (finding: Finding, at: string): Problem => ({
  field: finding.path === '' ? at : below(at, finding.path),
  ...(finding.value === undefined ? {} : { value: asWritten(finding.value) }),
  rule: finding.rule,
  todo: finding.todo,
});

/**
 * The problems of a value that stands at the field path `at` (`spec`), none when it is valid. With `old`, the value it
 * replaces, rules about the change are looked at too. Never throws: the value may be anything JSON can hold.
 */
export const validate = (schema: TSchema, value: unknown, at: string, old?: unknown): readonly Problem[] =>
  findings(schema, value, old).map((finding) => asProblem(finding, at));

/** Schemas in a person's words: what is allowed, and what to write instead. */
import { parseDuration } from '../values/duration.ts';
import { nearest } from './nearest.ts';
import { isIntOrString, typeOf, valuesOf, type SchemaNode } from './node.ts';
import { patternOf, patterns } from './patterns.ts';

const count = (min: number | undefined, max: number | undefined, thing: string): string => {
  if (min === undefined && max === undefined) return '';
  if (max === undefined) return ` of at least ${min} ${thing}s`;
  return min === undefined || min === 0 ? ` of at most ${max} ${thing}s` : ` of ${min} to ${max} ${thing}s`;
};

const range = (node: SchemaNode): string => {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = node;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum === undefined ? (above === undefined ? undefined : `greater than ${above}`) : `of at least ${minimum}`;
  const high =
    maximum === undefined ? (below === undefined ? undefined : `less than ${below}`) : `of at most ${maximum}`;
  const bounds = [low, high].filter((bound) => bound !== undefined).join(' and ');
  return bounds === '' ? '' : ` ${bounds}`;
};

/** ` from 1s to 168h`; empty where a duration has no bounds. */
export const durationRange = ({ minDuration: min, maxDuration: max }: SchemaNode): string => {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const low = min === undefined ? [] : [`of at least ${min}`];
  const high = max === undefined ? [] : [`of at most ${max}`];
  return [...low, ...high].map((bound) => ` ${bound}`).join(' and');
};

const ofText = (node: SchemaNode): string => {
  if (node.enum?.length === 1) return String(node.enum[0]);
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.format === 'date-time') return 'a time such as 2026-01-31T12:00:00Z';
  const words = node.pattern === undefined ? undefined : patternOf(node.pattern)?.words;
  const length = count(node.minLength, node.maxLength, 'character');
  if (words === undefined) return `a text${length}`;
  const range = durationRange(node);
  return [words, ...[range, length].filter((bound) => bound !== '')].join(',');
};

/** Of one that may be a text as well. */
const ofNumber = (node: SchemaNode): string =>
  node.pattern === patterns.duration.pattern ? 'a whole number of seconds' : `a whole number${range(node)}`;

const ofObject = (node: SchemaNode): string => {
  const values = valuesOf(node);
  return values === undefined
    ? `an object with the fields ${Object.keys(node.properties ?? {}).join(', ')}`
    : `an object${count(undefined, node.maxProperties, 'key')}, each ${allowed(values)}`;
};

/** What a schema allows, for the docs' tables: `a whole number from 1 to 100`. */
export const allowed = (node: SchemaNode): string => {
  if (isIntOrString(node)) return `${ofNumber(node)}, or ${ofText(node)}`;
  switch (typeOf(node)) {
    case 'integer':
      return `a whole number${range(node)}`;
    case 'number':
      return `a number${range(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${count(node.minItems, node.maxItems, 'item')}`;
    case 'object':
      return ofObject(node);
    default:
      return ofText(node);
  }
};

const outOfRange = (node: SchemaNode, value: unknown): string | undefined => {
  if (typeof value === 'string' || (typeof value === 'number' && isIntOrString(node)))
    return durationOutOfRange(node, value);
  if (typeof value !== 'number') return undefined;
  if (node.minimum !== undefined && value < node.minimum) return `Raise it to at least ${node.minimum}.`;
  if (node.maximum !== undefined && value > node.maximum) return `Lower it to at most ${node.maximum}.`;
  return undefined;
};

const durationOutOfRange = (node: SchemaNode, value: string | number): string | undefined => {
  const { pattern = '', minDuration: min, maxDuration: max } = node;
  const isDuration = typeof value === 'number' ? Number.isInteger(value) : new RegExp(pattern).test(value);
  if ((min === undefined && max === undefined) || !isDuration) return undefined;
  if (min !== undefined && parseDuration(value) < parseDuration(min)) return `Raise it to at least ${min}.`;
  return max === undefined || parseDuration(value) <= parseDuration(max) ? undefined : `Lower it to at most ${max}.`;
};

/** The value of an enumeration that was probably meant. */
export const meant = (node: SchemaNode, value: unknown): string | undefined =>
  typeof value === 'string' && node.enum !== undefined ? nearest(value, node.enum) : undefined;

/** What to do about a value that its schema does not allow, as a sentence. */
export const advice = (node: SchemaNode, value: unknown): string => {
  if (node.hint !== undefined) return node.hint;
  const near = meant(node, value);
  if (near !== undefined) return `Did you mean "${near}"?`;
  const moved = outOfRange(node, value);
  if (moved !== undefined) return moved;
  const example = node.pattern === undefined ? node.default : patternOf(node.pattern)?.example;
  if (example !== undefined) return `Write ${example}, for example.`;
  return node.enum === undefined ? `Write ${allowed(node)}.` : 'Choose one of them.';
};

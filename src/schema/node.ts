import type { TSchema } from 'typebox';
import type { Rule } from './rules.ts';

/**
 * The part of JSON Schema that Sluice's schemas use: the API server's structural schemas, plus `rules` and the bounds of
 * durations, which the API server checks as CEL. The validator, the CRDs and the reference docs read schemas through this
 * type, and a test checks that no schema uses anything else.
 */
export type SchemaNode = {
  /** Instead of `type`: an integer, or a string that matches the pattern. For a duration, the integer is in seconds. */
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: 'date-time';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  /** For a duration: the shortest and the longest, as durations (`1s`). */
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  /** Wrong names that users may know from other tools, with the right one for the error message. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** What to write instead of an invalid value, if the type alone says too little. */
  readonly hint?: string;
  /** Fields of other tools without a counterpart in Sluice, with the error message for each. */
  readonly notHere?: Readonly<Record<string, { readonly rule: string; readonly todo: string }>>;
  /** `false`: the object names its fields. A schema: the object is a map, whose values it describes. */
  readonly additionalProperties?: false | SchemaNode;
  /** The schema of a map's keys. CRDs do not support it, so only our own validator checks it. */
  readonly propertyNames?: SchemaNode;
  readonly maxProperties?: number;
  readonly rules?: readonly Rule[];
};

/** Every keyword a schema may use. */
export const keywords: ReadonlySet<string> = new Set<keyof SchemaNode>([
  'x-kubernetes-int-or-string',
  'type',
  'description',
  'default',
  'enum',
  'pattern',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minDuration',
  'maxDuration',
  'items',
  'minItems',
  'maxItems',
  'properties',
  'required',
  'otherNames',
  'notHere',
  'hint',
  'additionalProperties',
  'propertyNames',
  'maxProperties',
  'rules',
]);

export const nodeOf = (schema: TSchema): SchemaNode => schema;

/** The type, derived from the values if an enumeration leaves it out. Undefined for an int-or-string. */
export const typeOf = (node: SchemaNode): SchemaNode['type'] =>
  node.type ?? (node.enum === undefined ? undefined : 'string');

export const isIntOrString = (node: SchemaNode): boolean => node['x-kubernetes-int-or-string'] === true;

/** The schema of a map's values; undefined for an object that names its fields. */
export const valuesOf = ({ additionalProperties }: SchemaNode): SchemaNode | undefined =>
  additionalProperties === false ? undefined : additionalProperties;

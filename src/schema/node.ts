import type { TSchema } from 'typebox';
import type { Rule } from './rules.ts';

/**
 * The part of JSON Schema that the schemas here are written in: what the API server's structural schemas can say, plus
 * `rules` and the bounds of durations, which the API server checks as CEL. The validator, the CRDs and the reference docs
 * read schemas as this, and a test holds the schemas to it.
 */
export type SchemaNode = {
  /** Instead of `type`: a whole number, or a text that has the pattern. Of a duration the number counts seconds. */
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
  /** Of a duration: the shortest and the longest, as durations (`1s`). */
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  /** Names that people write for a field which is called otherwise here. They are refused with its name. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** What to write in place of a value that does not fit, where its kind of value says too little. */
  readonly hint?: string;
  /** Fields of other tools that have no counterpart here, with what is said of them. */
  readonly notHere?: Readonly<Record<string, { readonly rule: string; readonly todo: string }>>;
  /** `false`: the object names its fields. A schema: the object is a map, whose values it describes. */
  readonly additionalProperties?: false | SchemaNode;
  /** What the keys of a map must be. The API server cannot say that of a CRD: only our own validator asks it. */
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

/** `type`, where an enumeration leaves it out; undefined also for a whole number or text. */
export const typeOf = (node: SchemaNode): SchemaNode['type'] =>
  node.type ?? (node.enum === undefined ? undefined : 'string');

export const isIntOrString = (node: SchemaNode): boolean => node['x-kubernetes-int-or-string'] === true;

/** The schema of a map's values; undefined for an object that names its fields. */
export const valuesOf = ({ additionalProperties }: SchemaNode): SchemaNode | undefined =>
  additionalProperties === false ? undefined : additionalProperties;

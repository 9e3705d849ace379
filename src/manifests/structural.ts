/** Converts schemas to the API server's OpenAPI v3 structural schemas. */
import type { JsonObject } from '../values/kube-object.ts';
import { isIntOrString, typeOf, valuesOf, type SchemaNode } from '../schema/node.ts';
import { parseDuration } from '../values/duration.ts';
import type { Rule } from '../schema/rules.ts';
import { durationRange } from '../schema/words.ts';

/** Keywords with the same meaning in a structural schema. Others never reach a CRD. */
const kept = [
  'x-kubernetes-int-or-string',
  'description',
  'enum',
  'pattern',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
] as const satisfies readonly (keyof SchemaNode)[];

/** In OpenAPI v3.0, an exclusive bound is a bound plus a flag. */
const exclusive = (node: SchemaNode): JsonObject => ({
  ...(node.exclusiveMinimum === undefined ? {} : { minimum: node.exclusiveMinimum, exclusiveMinimum: true }),
  ...(node.exclusiveMaximum === undefined ? {} : { maximum: node.exclusiveMaximum, exclusiveMaximum: true }),
});

const celRule = (rule: Rule): JsonObject => ({
  rule: rule.cel,
  message: `${rule.message}. ${rule.todo}`,
  ...(rule.fields[0] === undefined ? {} : { fieldPath: `.${rule.fields[0]}` }),
});

/** Bounds of a duration, which no pattern can express: `90s` and `1500ms` must be compared by value. */
const durationRules = (node: SchemaNode): readonly JsonObject[] => {
  const { minDuration: min, maxDuration: max } = node;
  const bounds = [
    ...(min === undefined ? [] : [[Math.ceil(parseDuration(min) / 1000), '>=', min] as const]),
    ...(max === undefined ? [] : [[Math.floor(parseDuration(max) / 1000), '<=', max] as const]),
  ];
  if (bounds.length === 0) return [];
  const asText = bounds.map(([, relation, bound]) => `duration(self) ${relation} duration('${bound}')`).join(' && ');
  const asNumber = bounds.map(([seconds, relation]) => `self ${relation} ${seconds}`).join(' && ');
  const rule = isIntOrString(node) ? `type(self) == int ? ${asNumber} : ${asText}` : asText;
  return [{ rule, message: `must be${durationRange(node)}` }];
};

/**
 * Rules about durations are left out below a list: the API server reckons with a text as long as a request for each item,
 * whatever its `maxLength`, and refuses the whole definition as too expensive. There, only the webhook checks the bounds.
 */
const celRules = (node: SchemaNode, inList: boolean): readonly JsonObject[] | undefined => {
  const all = [...(inList ? [] : durationRules(node)), ...(node.rules ?? []).map(celRule)];
  return all.length === 0 ? undefined : all;
};

const withoutUndefined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/**
 * The structural schema of a node. For kinds that users write, the API server fills in defaults and keeps unknown
 * fields: if it dropped them, the webhook could not refuse them and suggest the right name. A Release records what was
 * written, so nothing is filled in there.
 */
export const structural = (node: SchemaNode, byPeople: boolean, inList = false): JsonObject => {
  const { properties, items } = node;
  const values = valuesOf(node);
  return withoutUndefined({
    type: typeOf(node),
    ...Object.fromEntries(kept.map((keyword) => [keyword, node[keyword]])),
    ...exclusive(node),
    default: byPeople ? node.default : undefined,
    properties:
      properties &&
      Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, structural(child, byPeople, inList)]),
      ),
    'x-kubernetes-preserve-unknown-fields': byPeople && properties !== undefined ? true : undefined,
    items: items && structural(items, byPeople, true),
    additionalProperties: values && structural(values, byPeople, inList),
    'x-kubernetes-validations': celRules(node, inList),
  });
};

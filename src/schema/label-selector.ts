/** A label selector in a policy. Follows the rules of Kubernetes, so that the API server accepts it in turn. */
import { Type } from 'typebox';
import { selectorOperators, type Requirement, type Selector } from '../values/label-selector.ts';
import { patterns } from './patterns.ts';
import { rule } from './rules.ts';

const maxKey = 253;
const maxValue = 63;
const maxRequirements = 32;

const value = { type: 'string', maxLength: maxValue, pattern: patterns.labelValue.pattern } as const;

const requirement = Type.Unsafe<Requirement>(
  Type.Object(
    {
      key: Type.String({ maxLength: maxKey, pattern: patterns.labelKey.pattern, description: 'Key of the label.' }),
      operator: Type.Enum([...selectorOperators], {
        description: 'What the label must do: have one of `values`, none of them, be there, or not be there.',
      }),
      values: Type.Optional(
        Type.Array(Type.String(value), {
          maxItems: maxRequirements,
          description: 'Of `In` and `NotIn`: at least one. None of the others.',
        }),
      ),
    },
    {
      additionalProperties: false,
      rules: [
        rule<Requirement>({
          fields: ['values', 'operator'],
          cel: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
          holds: ({ operator, values = [] }) => !(operator === 'In' || operator === 'NotIn') || values.length > 0,
          message: 'must have at least one value for the operators In and NotIn',
          todo: 'List the values, or use Exists or DoesNotExist.',
        }),
        rule<Requirement>({
          fields: ['values', 'operator'],
          cel: "self.operator in ['In', 'NotIn'] || !has(self.values) || self.values.size() == 0",
          holds: ({ operator, values = [] }) => operator === 'In' || operator === 'NotIn' || values.length === 0,
          message: 'must be empty for the operators Exists and DoesNotExist',
          todo: 'Remove the values, or use In or NotIn.',
        }),
      ],
    },
  ),
);

/** A field that holds a label selector. */
export const labelSelector = (description: string): ReturnType<typeof Type.Unsafe<Selector>> =>
  Type.Unsafe<Selector>(
    Type.Object(
      {
        matchLabels: Type.Optional(
          Type.Unsafe({
            type: 'object',
            description: 'Labels that must be there, each with this value.',
            additionalProperties: value,
            propertyNames: { type: 'string', maxLength: maxKey, pattern: patterns.labelKey.pattern },
            maxProperties: maxRequirements,
          }),
        ),
        matchExpressions: Type.Optional(
          Type.Array(requirement, { maxItems: maxRequirements, description: 'Requirements that must all hold.' }),
        ),
      },
      { additionalProperties: false, description },
    ),
  );

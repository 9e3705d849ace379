/** Rules about combinations of fields in a policy or a check. */
import { rule, type Rule } from './rules.ts';
import { strategyRules } from './strategy-rules.ts';

export const builtInChecks = { successRate: 'request-success-rate', duration: 'request-duration' } as const;

/** Last weight of `stepWeight` steps. No default in the CRD: the API server would write it beside `weights`, which excludes it. */
export const defaultMaxWeight = 50;

type Bounded = { readonly min?: number; readonly max?: number };
type Named = { readonly name: string; readonly query?: string; readonly quantile?: number };
type Weights = {
  readonly weights?: readonly number[];
  readonly stepWeights?: readonly number[];
  readonly stepWeight?: number;
  readonly maxWeight?: number;
};

const isBuiltIn = (name: string): boolean => Object.values<string>(builtInChecks).includes(name);
const builtInNames = Object.values(builtInChecks)
  .map((name) => `'${name}'`)
  .join(', ');

type Bound = 'min' | 'max';

/** The range of values that a built-in check can measure. A bound outside of it would always pass or always fail. */
const measurable = {
  [builtInChecks.successRate]: { most: 100, unit: 'percent', example: 'min: 99' },
  [builtInChecks.duration]: { most: 3_600_000, unit: 'milliseconds', example: 'max: 500' },
} as const;

const withinMeasurable = (bound: Bound): readonly Rule[] =>
  Object.entries(measurable).map(([name, { most, unit, example }]) =>
    rule<Bounded & Named>({
      fields: [bound, 'name'],
      cel: `!has(self.${bound}) || self.name != '${name}' || (self.${bound} >= 0.0 && self.${bound} <= ${most}.0)`,
      holds: (self) => {
        const value = self[bound] ?? 0;
        return self.name !== name || (value >= 0 && value <= most);
      },
      message: `must be from 0 to ${most} for ${name}, which is in ${unit}`,
      todo: `Write ${example}, for example.`,
    }),
  );

export const checkRules: readonly Rule[] = [
  rule<Bounded>({
    fields: [],
    cel: 'has(self.min) || has(self.max)',
    holds: (self) => self.min !== undefined || self.max !== undefined,
    message: 'must have min or max: a check without a bound can never fail',
    todo: 'Set min, max or both.',
  }),
  rule<Bounded>({
    fields: ['min', 'max'],
    cel: '!has(self.min) || !has(self.max) || self.min <= self.max',
    holds: (self) => self.min === undefined || self.max === undefined || self.min <= self.max,
    message: 'must not be greater than max',
    todo: 'Lower min or raise max.',
  }),
  ...withinMeasurable('min'),
  ...withinMeasurable('max'),
  rule<Named>({
    fields: ['query', 'name'],
    cel: `has(self.query) || self.name in [${builtInNames}]`,
    holds: (self) => self.query !== undefined || isBuiltIn(self.name),
    message: `must be set: only ${Object.values(builtInChecks).join(' and ')} are built in`,
    todo: 'Write the PromQL to measure, or name a built-in check.',
  }),
  rule<Named>({
    fields: ['query', 'name'],
    cel: `!has(self.query) || !(self.name in [${builtInNames}])`,
    holds: (self) => self.query === undefined || !isBuiltIn(self.name),
    message: 'must not be set for a built-in check',
    todo: 'Remove it, or give the check another name.',
  }),
  rule<Named>({
    fields: ['quantile', 'name'],
    cel: `!has(self.quantile) || self.name == '${builtInChecks.duration}'`,
    holds: (self) => self.quantile === undefined || self.name === builtInChecks.duration,
    message: `must be set for ${builtInChecks.duration} only`,
    todo: 'Remove it; a query says its own quantile.',
  }),
];

const rising = (field: 'weights' | 'stepWeights'): Rule =>
  rule<Weights>({
    fields: [field],
    cel: `!has(self.${field}) || (self.${field}.isSorted() && self.${field}.all(a, self.${field}.exists_one(b, a == b)))`,
    holds: (self) => {
      const weights = self[field] ?? [];
      return weights.every((weight, i) => i === 0 || (weights[i - 1] ?? 0) < weight);
    },
    message: 'must rise from one to the next',
    todo: 'Write rising weights, such as 5, 25, 50.',
  });

export const policyRules: readonly Rule[] = [
  rule<Weights>({
    fields: ['weights', 'stepWeight', 'maxWeight'],
    cel: '!has(self.weights) || (!has(self.stepWeight) && !has(self.maxWeight))',
    holds: (self) => self.weights === undefined || (self.stepWeight === undefined && self.maxWeight === undefined),
    message: 'must not be set together with stepWeight or maxWeight',
    todo: 'Keep weights, or stepWeight with maxWeight, not both.',
  }),
  rising('weights'),
  rule<Weights>({
    fields: ['maxWeight'],
    cel: '!has(self.maxWeight) || has(self.stepWeight) || has(self.weights)',
    holds: (self) => self.maxWeight === undefined || self.stepWeight !== undefined || self.weights !== undefined,
    message: 'must have stepWeight beside it',
    todo: 'Set stepWeight to the percent added at every step, or write a list of weights.',
  }),
  rule<Weights>({
    fields: ['stepWeight', 'maxWeight'],
    cel: `!has(self.stepWeight) || self.stepWeight <= (has(self.maxWeight) ? self.maxWeight : ${defaultMaxWeight})`,
    holds: (self) => self.stepWeight === undefined || self.stepWeight <= (self.maxWeight ?? defaultMaxWeight),
    message: `must not be greater than maxWeight (${defaultMaxWeight} unless set)`,
    todo: 'Lower stepWeight or raise maxWeight.',
  }),
  rising('stepWeights'),
  ...strategyRules,
  rule<{ readonly checks?: readonly { readonly name: string }[] }>({
    fields: ['checks'],
    cel: '!has(self.checks) || self.checks.all(a, self.checks.exists_one(b, b.name == a.name))',
    holds: ({ checks = [] }) => new Set(checks.map((check) => check.name)).size === checks.length,
    message: 'must have a different name for each check',
    todo: 'Rename or remove the checks that share a name.',
  }),
];

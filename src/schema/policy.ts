/** CanaryPolicy and ClusterCanaryPolicy: how to release. The one declaration of every field, bound and default. */
import { Type, type Static } from 'typebox';

/** Whole number and unit, at most one unit: what every duration field takes. */
export const durationPattern = '^[1-9][0-9]*(ms|s|m|h)$';
const duration = (description: string, byDefault?: string): Type.TString =>
  Type.String({ pattern: durationPattern, description, ...(byDefault === undefined ? {} : { default: byDefault }) });
const choice = <T extends string>(values: readonly T[], description: string, byDefault: T): Type.TUnsafe<T> =>
  Type.Unsafe<T>(Type.Enum([...values], { type: 'string', description, default: byDefault }));

const noDataChoices = ['hold', 'fail', 'pass'] as const;

export const CheckSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      description:
        'Name of the check, unique in the policy. `request-success-rate` (percent) and `request-duration` (milliseconds at `quantile`) are built in and take no query.',
    }),
    query: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          'PromQL whose value is compared with min and max. `{{namespace}}`, `{{workload}}`, `{{service}}`, `{{canary}}` and `{{interval}}` are replaced.',
      }),
    ),
    min: Type.Optional(Type.Number({ description: 'Smallest value that passes.' })),
    max: Type.Optional(Type.Number({ description: 'Largest value that passes.' })),
    quantile: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: 'For `request-duration`: the quantile, 0.99 unless set.',
      }),
    ),
    noData: Type.Optional(
      Type.Enum([...noDataChoices], {
        description: "What no data means for this check; the policy's `noData` unless set.",
      }),
    ),
  },
  {
    additionalProperties: false,
    'x-kubernetes-validations': [
      { rule: 'has(self.min) || has(self.max)', message: 'set min or max: a check without a bound can never fail' },
      { rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min must not be greater than max' },
      {
        rule: "has(self.query) || self.name in ['request-success-rate', 'request-duration']",
        message: 'a check that is not built in needs a query',
      },
      {
        rule: "!has(self.query) || !(self.name in ['request-success-rate', 'request-duration'])",
        message: 'a built-in check takes no query; give yours another name',
      },
    ],
  },
);
export type CheckSpec = Static<typeof CheckSchema>;

export const PolicySpecSchema = Type.Object(
  {
    strategy: Type.Optional(choice(['canary'], 'How the new version meets traffic.', 'canary')),
    provider: Type.Optional(
      choice(
        ['auto', 'istio', 'linkerd', 'smi', 'kubernetes'],
        'Who splits the traffic. `auto` looks at the routes that point at the Service and at what is installed.',
        'auto',
      ),
    ),
    service: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
        description: "The Service whose traffic is split, where several select the workload's pods.",
      }),
    ),
    steps: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 100 }), {
        minItems: 1,
        maxItems: 100,
        description:
          'Percent of traffic for the canary, step by step, rising. 1, 5, 20, 50 unless `stepWeight` or `steps` is set.',
      }),
    ),
    stepWeight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Percent added at every step until `maxWeight`; instead of `steps`.',
      }),
    ),
    maxWeight: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, description: 'Last weight of `stepWeight` steps, 50 unless set.' }),
    ),
    interval: Type.Optional(duration('Time per step, at the end of which the checks are judged.', '1m')),
    threshold: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 3,
        description: 'Failed checks (counted over the whole release) at which it fails.',
      }),
    ),
    successRate: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 100,
        default: 99,
        description: "Built-in check: least percentage of the canary's requests that must not fail with a 5xx.",
      }),
    ),
    latencyP99: Type.Optional(
      duration("Built-in check: longest p99 of the canary's request durations. Not checked unless set."),
    ),
    checks: Type.Optional(
      Type.Array(CheckSchema, {
        maxItems: 32,
        description: 'Further checks. One named like a built-in check replaces it.',
      }),
    ),
    telemetry: Type.Optional(
      choice(
        ['auto', 'istio', 'linkerd', 'application'],
        'Whose metrics the built-in checks read. `auto` follows the provider.',
        'auto',
      ),
    ),
    prometheus: Type.Optional(
      Type.String({
        maxLength: 2048,
        pattern: '^https?://',
        description: 'Address of the Prometheus to ask instead of the one Sluice was started with.',
      }),
    ),
    noData: Type.Optional(
      choice(
        noDataChoices,
        'What a check without data means: stay at this step (`hold`), a failed check, or a passed one.',
        'hold',
      ),
    ),
    onFailure: Type.Optional(
      choice(
        ['hold', 'revert'],
        'A failed template stays in the spec, paused (`hold`), or the last good one is put back (`revert`).',
        'hold',
      ),
    ),
    approval: Type.Optional(choice(['none', 'required'], '`required`: a person approves before promotion.', 'none')),
    progressDeadline: Type.Optional(
      duration('How long the canary (and, at promotion, the workload) may take to become ready.', '10m'),
    ),
    propagationDelay: Type.Optional(
      duration('How long the proxies may take to follow a route; pods are never removed earlier after a change.', '3s'),
    ),
    rollback: Type.Optional(
      choice(['fast', 'canary'], 'Going back to a version promoted before: at once, or as a canary.', 'fast'),
    ),
    restart: Type.Optional(
      choice(['canary', 'native'], '`kubectl rollout restart`: as a canary, or at once.', 'canary'),
    ),
  },
  {
    additionalProperties: false,
    'x-kubernetes-validations': [
      {
        rule: '!has(self.steps) || (!has(self.stepWeight) && !has(self.maxWeight))',
        message: 'set steps, or stepWeight with maxWeight, not both',
      },
      {
        rule: '!has(self.steps) || self.steps.size() < 2 || range(self.steps.size() - 1).all(i, self.steps[i] < self.steps[i + 1])',
        message: 'steps must rise from one to the next',
      },
      {
        rule: '!has(self.stepWeight) || !has(self.maxWeight) || self.stepWeight <= self.maxWeight',
        message: 'stepWeight must not be greater than maxWeight',
      },
      {
        rule: '!has(self.checks) || self.checks.all(a, self.checks.exists_one(b, b.name == a.name))',
        message: 'names of checks must be unique',
      },
    ],
  },
);
/** A policy as a person writes it: everything optional. */
export type PolicySpec = Static<typeof PolicySpecSchema>;

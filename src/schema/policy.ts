/** CanaryPolicy and ClusterCanaryPolicy: how to release. The one declaration of every field, bound and default. */
import { Type, type Static } from 'typebox';
import { patterns } from './patterns.ts';
import { providerNames } from './providers.ts';
import { checkRules, defaultMaxWeight, policyRules } from './policy-rules.ts';

/**
 * What a field that is not set means. The API server writes these into policies, so none may contradict another field:
 * `weights` has a meaning of its own below because a default for it would forbid `stepWeight`.
 */
export const defaults = {
  strategy: 'canary',
  provider: 'auto',
  interval: '1m',
  threshold: 3,
  successRate: 99,
  telemetry: 'auto',
  noData: 'hold',
  onFailure: 'hold',
  approval: 'none',
  progressDeadline: '10m',
  propagationDelay: '2s',
  rollback: 'fast',
  restart: 'canary',
} as const;

/** Where neither `weights` nor `stepWeight` is set. */
export const defaultWeights = [1, 5, 20, 50] as const;
/** Quantile of `request-duration` where the check sets none. */
export const defaultQuantile = 0.99;

type Bounds = readonly [shortest: string, longest: string];

/** Nobody who may write a policy can make the controller work without a pause. */
const bounded = (description: string, [minDuration, maxDuration]: Bounds) =>
  ({ pattern: patterns.duration.pattern, minDuration, maxDuration, description }) as const;

const duration = (description: string, bounds: Bounds): Type.TString => Type.String(bounded(description, bounds));

/** A duration, or a number of seconds. */
export type Span = string | number;
const span = (description: string, bounds: Bounds, byDefault: string): Type.TUnsafe<Span> =>
  Type.Unsafe<Span>({ 'x-kubernetes-int-or-string': true, ...bounded(description, bounds), default: byDefault });

const choice = <T extends string>(values: readonly T[], description: string, byDefault: T): Type.TUnsafe<T> =>
  Type.Unsafe<T>(Type.Enum([...values], { type: 'string', description, default: byDefault }));

/** Whose metrics the built-in checks can read. */
export const telemetryNames = ['istio', 'linkerd', 'application'] as const;

/** Who can judge what a check measured; the first unless a check says so. */
export const judgeNames = ['threshold'] as const;

const noDataChoices = ['hold', 'fail', 'pass'] as const;

export const CheckSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: patterns.checkName.pattern,
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
        description: `For \`request-duration\`: the quantile, ${defaultQuantile} unless set.`,
      }),
    ),
    noData: Type.Optional(
      Type.Enum([...noDataChoices], {
        description: "What no data means for this check; the policy's `noData` unless set.",
      }),
    ),
    judge: Type.Optional(
      Type.Enum([...judgeNames], {
        description: 'Who judges what was measured. `threshold`, which compares it with `min` and `max`, unless set.',
      }),
    ),
  },
  {
    additionalProperties: false,
    rules: checkRules,
  },
);
export type CheckSpec = Static<typeof CheckSchema>;

/** `steps` is what the annotation is called, and the list of weights of other tools. */
export const otherPolicyNames = { steps: 'weights' } as const;

export const PolicySpecSchema = Type.Object(
  {
    strategy: Type.Optional(choice(['canary'], 'How the new version meets traffic.', defaults.strategy)),
    provider: Type.Optional(
      choice(
        ['auto', ...providerNames],
        'Who splits the traffic. `auto` looks at the routes that point at the Service and at what is installed.',
        defaults.provider,
      ),
    ),
    service: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: patterns.serviceName.pattern,
        description: "The Service whose traffic is split, where several select the workload's pods.",
      }),
    ),
    weights: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 100 }), {
        minItems: 1,
        maxItems: 100,
        description: `Percent of traffic for the canary, step by step, rising. ${defaultWeights.join(', ')} where neither this nor \`stepWeight\` is set.`,
      }),
    ),
    stepWeight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Percent added at every step until `maxWeight`; instead of `weights`.',
      }),
    ),
    maxWeight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: `Last weight of \`stepWeight\` steps, ${defaultMaxWeight} unless set.`,
      }),
    ),
    interval: Type.Optional(
      span('Time per step, at the end of which the checks are judged.', ['1s', '168h'], defaults.interval),
    ),
    threshold: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: defaults.threshold,
        description: 'Failed checks (counted over the whole release) at which it fails.',
      }),
    ),
    successRate: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 100,
        default: defaults.successRate,
        description: "Built-in check: least percentage of the canary's requests that must not fail with a 5xx.",
      }),
    ),
    latencyP99: Type.Optional(
      duration("Built-in check: longest p99 of the canary's request durations. Not checked unless set.", ['1ms', '1h']),
    ),
    checks: Type.Optional(
      Type.Array(CheckSchema, {
        maxItems: 32,
        description: 'Further checks. One named like a built-in check replaces it.',
      }),
    ),
    telemetry: Type.Optional(
      choice(
        ['auto', ...telemetryNames],
        'Whose metrics the built-in checks read. `auto` follows the provider.',
        defaults.telemetry,
      ),
    ),
    prometheus: Type.Optional(
      Type.String({
        maxLength: 2048,
        pattern: patterns.address.pattern,
        description:
          'Address of the Prometheus to ask instead of the one Sluice was started with: one that whoever runs Sluice lets policies name (`--allowed-addresses`). Without user and password, which only that one can have.',
      }),
    ),
    noData: Type.Optional(
      choice(
        noDataChoices,
        'What a check without data means: stay at this step (`hold`), a failed check, or a passed one.',
        defaults.noData,
      ),
    ),
    onFailure: Type.Optional(
      choice(
        ['hold', 'revert'],
        'A failed template stays in the spec, paused (`hold`), or the last good one is put back (`revert`).',
        defaults.onFailure,
      ),
    ),
    approval: Type.Optional(
      choice(['none', 'required'], '`required`: a person approves before promotion.', defaults.approval),
    ),
    progressDeadline: Type.Optional(
      span(
        'How long the canary (and, at promotion, the workload) may take to become ready.',
        ['1s', '24h'],
        defaults.progressDeadline,
      ),
    ),
    propagationDelay: Type.Optional(
      span(
        'How long the proxies may take to follow: the canary gets no traffic earlier after it became ready, and no pod is removed earlier after a change of routes.',
        ['1ms', '10m'],
        defaults.propagationDelay,
      ),
    ),
    rollback: Type.Optional(
      choice(
        ['fast', 'canary'],
        'Going back to a version promoted before: at once, or as a canary.',
        defaults.rollback,
      ),
    ),
    restart: Type.Optional(
      choice(['canary', 'native'], '`kubectl rollout restart`: as a canary, or at once.', defaults.restart),
    ),
  },
  {
    additionalProperties: false,
    otherNames: otherPolicyNames,
    rules: policyRules,
  },
);
/** A policy as a person writes it: everything optional. */
export type PolicySpec = Static<typeof PolicySpecSchema>;

/** CanaryPolicy and ClusterCanaryPolicy. The only declaration of their fields, bounds and defaults. */
import { Type, type Static } from 'typebox';
import { notInPolicies, otherPolicyNames } from './other-tools.ts';
import { patterns } from './patterns.ts';
import { providerNames } from './providers.ts';
import { checkRules, defaultMaxWeight, policyRules } from './policy-rules.ts';
import { duration, span } from './span.ts';
import { strategyFields } from './strategy.ts';

/**
 * Defaults of unset fields. The API server writes these into policies, so none may contradict another field: `weights`
 * is not among them, because a default for it would forbid `stepWeight`.
 */
export const defaults = {
  provider: 'auto',
  interval: '1m',
  threshold: 3,
  successRate: 99,
  minRequests: 20,
  telemetry: 'auto',
  noData: 'hold',
  onFailure: 'hold',
  approval: 'none',
  progressDeadline: '10m',
  propagationDelay: '2s',
  rollback: 'fast',
  restart: 'canary',
  historyLimit: 10,
} as const;

/** Weights if neither `weights` nor `stepWeight` is set. */
export const defaultWeights = [1, 5, 20, 50] as const;
/** More than any step should wait for. */
export const mostMinRequests = 1_000_000;
/** Default quantile of `request-duration`. */
export const defaultQuantile = 0.99;

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
        description: "How to treat missing data for this check. Default: the policy's `noData`.",
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

export const PolicySpecSchema = Type.Object(
  {
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
        description: "The Service whose traffic is split. Needed only if several Services select the workload's pods.",
      }),
    ),
    weights: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 100 }), {
        minItems: 1,
        maxItems: 100,
        description: `The canary's share of the traffic at each step, in percent, rising. Default: ${defaultWeights.join(', ')}, unless \`stepWeight\` is set.`,
      }),
    ),
    stepWeight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Percent to add at each step until `maxWeight`. Replaces `weights`.',
      }),
    ),
    maxWeight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: `Last weight of \`stepWeight\` steps, ${defaultMaxWeight} unless set.`,
      }),
    ),
    ...strategyFields,
    interval: Type.Optional(
      span('Duration of each step; the checks are judged at its end.', ['1s', '168h'], defaults.interval),
    ),
    threshold: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: defaults.threshold,
        description: 'Number of failed checks, over the whole release, at which the release fails.',
      }),
    ),
    successRate: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 100,
        default: defaults.successRate,
        description: "Built-in check: minimum percentage of the canary's requests that do not fail with a 5xx.",
      }),
    ),
    latencyP99: Type.Optional(
      duration("Built-in check: maximum p99 of the canary's request durations. Not checked unless set.", ['1ms', '1h']),
    ),
    minRequests: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: mostMinRequests,
        default: defaults.minRequests,
        description:
          'Requests that the canary must have had at a step before a built-in check can pass. Below it the step waits, and the requests of its rounds add up. 0 or 1: a single request is enough.',
      }),
    ),
    checks: Type.Optional(
      Type.Array(CheckSchema, {
        maxItems: 32,
        description: 'More checks. A check with the name of a built-in check replaces it.',
      }),
    ),
    telemetry: Type.Optional(
      choice(
        ['auto', ...telemetryNames],
        'Source of the metrics for the built-in checks. `auto` follows the provider.',
        defaults.telemetry,
      ),
    ),
    prometheus: Type.Optional(
      Type.String({
        maxLength: 2048,
        pattern: patterns.address.pattern,
        description:
          "Address of the Prometheus to query instead of Sluice's own. It must be allowed by the operator (`--allowed-addresses`) and cannot contain a user or password.",
      }),
    ),
    noData: Type.Optional(
      choice(
        noDataChoices,
        'How to treat a check without data: stay at the current step (`hold`), or count the check as failed or passed.',
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
        'How long proxies may take to pick up a change. Sluice waits this long after the canary is ready before it routes traffic there, and after a change of routes before it removes pods, which stay longer while somebody still sends to them.',
        ['1ms', '10m'],
        defaults.propagationDelay,
      ),
    ),
    rollback: Type.Optional(
      choice(
        ['fast', 'canary'],
        'How to return to a version that was promoted before: at once (`fast`), or as a canary.',
        defaults.rollback,
      ),
    ),
    historyLimit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: defaults.historyLimit,
        description:
          'Ended Releases to keep per workload; older ones are deleted. One whose template is held, or remembered as failed, is always kept.',
      }),
    ),
    restart: Type.Optional(
      choice(
        ['canary', 'native'],
        'How to run `kubectl rollout restart`: as a canary, or at once (`native`).',
        defaults.restart,
      ),
    ),
  },
  {
    additionalProperties: false,
    otherNames: otherPolicyNames,
    notHere: notInPolicies,
    rules: policyRules,
  },
);
/** A policy as users write it: all fields are optional. */
export type PolicySpec = Static<typeof PolicySpecSchema>;

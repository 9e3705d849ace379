/** A policy as written → a policy with every default filled in and every unit resolved. */
import { builtInChecks, defaultMaxWeight } from '../../schema/policy-rules.ts';
import {
  defaultQuantile,
  defaults,
  defaultSteps,
  judgeNames,
  type CheckSpec,
  type PolicySpec,
} from '../../schema/policy.ts';
import { percent, type Percent } from '../../values/percent.ts';
import { parseDuration } from './duration.ts';
import type { Check, NoData, Policy } from './policy.ts';

/** stepWeight, twice stepWeight, … and at last maxWeight exactly. */
const risingTo = (maxWeight: number, stepWeight: number): readonly number[] => {
  const weights: number[] = [];
  for (let weight = stepWeight; weight < maxWeight; weight += stepWeight) weights.push(weight);
  return [...weights, maxWeight];
};

const weightsOf = (spec: PolicySpec): readonly Percent[] => {
  const rising =
    spec.stepWeight === undefined ? defaultSteps : risingTo(spec.maxWeight ?? defaultMaxWeight, spec.stepWeight);
  return (spec.steps ?? rising).map(percent);
};

const checkOf = (spec: CheckSpec, noData: NoData): Check => {
  const bounds = {
    name: spec.name,
    ...(spec.min === undefined ? {} : { min: spec.min }),
    ...(spec.max === undefined ? {} : { max: spec.max }),
    noData: spec.noData ?? noData,
    judge: spec.judge ?? judgeNames[0],
  };
  if (spec.query !== undefined) return { kind: 'query', query: spec.query, ...bounds };
  if (spec.name === builtInChecks.successRate) return { kind: 'success-rate', ...bounds };
  return { kind: 'duration', quantile: spec.quantile ?? defaultQuantile, ...bounds };
};

/** The built-in checks that the policy asks for; one of the same name in `checks` stands in its place. */
const checksOf = (spec: PolicySpec): readonly Check[] => {
  const own = spec.checks ?? [];
  const builtIn: CheckSpec[] = [{ name: builtInChecks.successRate, min: spec.successRate ?? defaults.successRate }];
  if (spec.latencyP99 !== undefined)
    builtIn.push({ name: builtInChecks.duration, max: parseDuration(spec.latencyP99) });
  const kept = builtIn.filter((check) => !own.some(({ name }) => name === check.name));
  return [...kept, ...own].map((check) => checkOf(check, spec.noData ?? defaults.noData));
};

/**
 * The policy that a spec means. The spec must have passed the schema, as one stored in a Release has; RangeError
 * otherwise. Where that is not known, use `parsePolicySpec`.
 */
export const resolvePolicy = (spec: PolicySpec): Policy => {
  const full = { ...defaults, ...spec };
  return {
    strategy: full.strategy,
    provider: full.provider,
    ...(full.service === undefined ? {} : { service: full.service }),
    weights: weightsOf(spec),
    interval: parseDuration(full.interval),
    threshold: full.threshold,
    checks: checksOf(spec),
    telemetry: full.telemetry,
    ...(full.prometheus === undefined ? {} : { prometheus: full.prometheus }),
    onFailure: full.onFailure,
    approval: full.approval,
    progressDeadline: parseDuration(full.progressDeadline),
    propagationDelay: parseDuration(full.propagationDelay),
    rollback: full.rollback,
    restart: full.restart,
  };
};

/** Resolves a policy as written: fills in every default and converts every unit. */
import { builtInChecks, defaultMaxWeight } from '../../schema/policy-rules.ts';
import {
  defaultQuantile,
  defaults,
  defaultWeights,
  judgeNames,
  type CheckSpec,
  type PolicySpec,
} from '../../schema/policy.ts';
import { parseDuration } from '../../values/duration.ts';
import type { Check, JudgeKind, Policy } from './policy.ts';
import { resolveStrategy } from './resolve-strategy.ts';

/** Default values of policy fields. Another version of Sluice may have other defaults. */
export type Defaults = Readonly<Required<Pick<PolicySpec, keyof typeof defaults>>> & {
  readonly weights: readonly number[];
  readonly maxWeight: number;
  readonly quantile: number;
  readonly judge: JudgeKind;
};

export const defaultsOfToday: Defaults = {
  ...defaults,
  weights: defaultWeights,
  maxWeight: defaultMaxWeight,
  quantile: defaultQuantile,
  judge: judgeNames[0],
};

const checkOf = (
  spec: CheckSpec,
  { noData, quantile, judge, minRequests }: Pick<Defaults, 'noData' | 'quantile' | 'judge' | 'minRequests'>,
): Check => {
  const bounds = {
    name: spec.name,
    ...(spec.min === undefined ? {} : { min: spec.min }),
    ...(spec.max === undefined ? {} : { max: spec.max }),
    noData: spec.noData ?? noData,
    judge: spec.judge ?? judge,
  };
  if (spec.query !== undefined) return { kind: 'query', query: spec.query, ...bounds };
  if (spec.name === builtInChecks.successRate) return { kind: 'success-rate', minRequests, ...bounds };
  return { kind: 'duration', quantile: spec.quantile ?? quantile, minRequests, ...bounds };
};

/** The policy's checks: its built-in checks, each of which an entry of the same name in `checks` replaces, and the others. */
const checksOf = (spec: PolicySpec, given: Defaults): readonly Check[] => {
  const own = spec.checks ?? [];
  const builtIn: CheckSpec[] = [{ name: builtInChecks.successRate, min: spec.successRate ?? given.successRate }];
  if (spec.latencyP99 !== undefined)
    builtIn.push({ name: builtInChecks.duration, max: parseDuration(spec.latencyP99) });
  const kept = builtIn.filter((check) => !own.some(({ name }) => name === check.name));
  const { noData, minRequests } = { ...given, ...spec };
  return [...kept, ...own].map((check) => checkOf(check, { ...given, noData, minRequests }));
};

/**
 * The resolved policy of a spec. Throws a RangeError unless the spec has passed the schema, as one stored in a Release has;
 * use `parsePolicySpec` if that is not certain.
 */
export const resolvePolicy = (spec: PolicySpec, given: Defaults = defaultsOfToday): Policy => {
  const full = { ...given, ...spec };
  const service = full.service ?? spec.blueGreen?.activeService;
  return {
    strategy: resolveStrategy(spec, given),
    provider: full.provider,
    ...(service === undefined ? {} : { service }),
    interval: parseDuration(full.interval),
    threshold: full.threshold,
    checks: checksOf(spec, given),
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

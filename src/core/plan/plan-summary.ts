/** A summary of a plan for people. */
import type { Percent } from '../../values/percent.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { Check } from '../policy/policy.ts';
import type { Plan } from './plan.ts';

export type PlanSummary = {
  readonly weights: readonly Percent[];
  /** The minimum time at each weight: the first interval of the plan. */
  readonly interval?: Milliseconds;
  readonly checks: readonly Check[];
  /** Number of failed rounds at which the release fails: the lowest of all analyses. */
  readonly threshold?: number;
};

const intervalOf = ({ stages }: Plan): Milliseconds | undefined => {
  for (const stage of stages) {
    if (stage.do === 'analyse') return stage.interval;
    if (stage.do === 'wait' && stage.for !== 'approval') return stage.for;
  }
  return undefined;
};

export const planSummary = (plan: Plan): PlanSummary => {
  const analyses = Object.values(plan.analyses);
  const interval = intervalOf(plan);
  return {
    weights: plan.stages.flatMap((stage) => (stage.do === 'split' ? [stage.split.weight] : [])),
    ...(interval === undefined ? {} : { interval }),
    checks: analyses.flatMap(({ checks }) => checks),
    ...(analyses.length === 0 ? {} : { threshold: Math.min(...analyses.map(({ threshold }) => threshold)) }),
  };
};

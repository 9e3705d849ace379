/** Compiles a policy to the plan of a release. */
import type { Policy } from '../policy/policy.ts';
import type { Percent } from '../../values/percent.ts';
import type { Plan, Stage } from './plan.ts';

/** A canary has a single analysis, whose failures are counted over the whole release. */
export const canaryAnalysis = 'checks';

/** How long a step lasts: until an analysis passes, or for the plain interval where the policy has no checks. */
const holdStage = ({ checks, interval }: Policy, step: number): Stage =>
  checks.length === 0
    ? { id: `wait-${step}`, do: 'wait', for: interval }
    : { id: `analyse-${step}`, do: 'analyse', analysis: canaryAnalysis, interval };

const stepStages = (policy: Policy, weight: Percent, step: number): readonly Stage[] => [
  { id: `split-${step}`, do: 'split', split: { weight } },
  holdStage(policy, step),
];

const sizeStage = ([weight]: readonly Percent[]): readonly Stage[] =>
  weight === undefined ? [] : [{ id: 'size', do: 'size', canary: { weight } }];

const approvalStage = ({ approval }: Policy): readonly Stage[] =>
  approval === 'required' ? [{ id: 'approval', do: 'wait', for: 'approval' }] : [];

const canaryStages = (policy: Policy): readonly Stage[] => [
  ...sizeStage(policy.weights),
  ...policy.weights.flatMap((weight, i) => stepStages(policy, weight, i + 1)),
  ...approvalStage(policy),
  { id: 'promote', do: 'promote' },
];

/** Compiles every parsed policy; the plan never has `planProblems`. */
export const compile = (policy: Policy): Plan => ({
  stages: canaryStages(policy),
  analyses:
    policy.checks.length === 0 ? {} : { [canaryAnalysis]: { checks: policy.checks, threshold: policy.threshold } },
  provider: policy.provider,
  ...(policy.service === undefined ? {} : { service: policy.service }),
  telemetry: policy.telemetry,
  ...(policy.prometheus === undefined ? {} : { prometheus: policy.prometheus }),
  onFailure: policy.onFailure,
  progressDeadline: policy.progressDeadline,
  propagationDelay: policy.propagationDelay,
});

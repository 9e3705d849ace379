/** Compiles a policy to the plan of a release. Each kind of strategy is one file. */
import type { Policy } from '../policy/policy.ts';
import type { Strategy } from '../policy/strategy.ts';
import { blueGreenStages } from './compile-blue-green.ts';
import { canaryAnalysis } from './compile-hold.ts';
import { iterationStages } from './compile-iterations.ts';
import { stepStages } from './compile-steps.ts';
import { weightStages } from './compile-weights.ts';
import type { Plan, Stage } from './plan.ts';

type Compiled<K extends Strategy['kind']> = (
  strategy: Extract<Strategy, { readonly kind: K }>,
  policy: Policy,
) => readonly Stage[];

const strategies: { readonly [K in Strategy['kind']]: Compiled<K> } = {
  weights: weightStages,
  steps: stepStages,
  iterations: iterationStages,
  'blue-green': blueGreenStages,
};

/** Type-safe: the function is looked up by the strategy's own kind. */
const stagesOf = (policy: Policy): readonly Stage[] =>
  (strategies[policy.strategy.kind] as Compiled<Strategy['kind']>)(policy.strategy, policy);

const approvalStage = ({ approval }: Policy): readonly Stage[] =>
  approval === 'required' ? [{ id: 'approval', do: 'wait', for: 'approval' }] : [];

/** Compiles every parsed policy. */
export const compile = (policy: Policy): Plan => ({
  stages: [...stagesOf(policy), ...approvalStage(policy), { id: 'promote', do: 'promote' }],
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

/** Reads the plan that a Release records. */
import type { ReleaseSpec } from '../../schema/release.ts';
import type { Problem } from '../../values/problem.ts';
import { defaultsOfToday, resolvePolicy, type Defaults } from '../policy/resolve-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { compile } from './compile.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './read-plan.ts';

/**
 * With `problems`, the recorded plan cannot be carried out and the release must not progress. `plan` is then compiled from
 * the policy; it is good enough to take down the canary and the split.
 */
export type ReleasePlan = { readonly plan: Plan; readonly problems: readonly Problem[] };

type Recorded = Pick<ReleaseSpec, 'plan' | 'policy'>;

/** The policy in a Release was valid for the version that recorded it; this version may not be able to read it. */
const policyOf = (policy: ReleaseSpec['policy'], given: Defaults): Policy | undefined => {
  try {
    return resolvePolicy(policy, given);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};

const compiled = (policy: ReleaseSpec['policy'], given: Defaults): ReleasePlan => {
  const resolved = policyOf(policy, given);
  if (resolved !== undefined) return { plan: compile(resolved), problems: [] };
  const problem: Problem = {
    field: 'spec.policy',
    rule: 'cannot be read by this version of Sluice',
    todo: 'Abort the release, and apply the change again.',
  };
  return { plan: compile(resolvePolicy({}, given)), problems: [problem] };
};

/**
 * The plan of a Release. Where none is recorded (an older version, or the record of a native rollout) it is compiled from
 * the policy.
 */
export const planOf = ({ plan, policy }: Recorded, given: Defaults = defaultsOfToday): ReleasePlan => {
  if (plan === undefined) return compiled(policy, given);
  const read = readPlan(plan);
  return 'plan' in read
    ? { plan: read.plan, problems: [] }
    : { plan: compiled(policy, given).plan, problems: read.problems };
};

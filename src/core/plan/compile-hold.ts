/** The stage in which a release stays where it is. */
import type { Policy } from '../policy/policy.ts';
import type { Hold } from '../policy/strategy.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { Stage } from './plan.ts';

/** A release has a single analysis, whose failures are counted over the whole release. */
export const canaryAnalysis = 'checks';

/** Judges until one round passes, or waits for the interval where the policy has no checks. */
export const roundStage = ({ checks, interval }: Policy, place: number | string): Stage =>
  checks.length === 0
    ? { id: `wait-${place}`, do: 'wait', for: interval }
    : { id: `analyse-${place}`, do: 'analyse', analysis: canaryAnalysis, interval };

type Rounds = { readonly rounds: number; readonly interval?: Milliseconds };

/** Judges until so many rounds have passed. */
export const roundsStage = (policy: Policy, place: number | string, { rounds, interval }: Rounds): Stage => {
  const each = interval ?? policy.interval;
  const one = roundStage({ ...policy, interval: each }, place);
  if (one.do === 'analyse') return rounds === 1 ? one : { ...one, rounds };
  return { id: one.id, do: 'wait', for: rounds * each };
};

/**
 * Stays for a time or until a person goes on, and judges meanwhile where callers reach the canary. What fails then ends
 * the release at once, and the last round must have passed when the time is over.
 */
export const holdStage = (policy: Policy, place: number | string, hold: Hold, reached: boolean): Stage => {
  if (policy.checks.length === 0 || !reached) return { id: `wait-${place}`, do: 'wait', for: hold };
  const interval = hold === 'approval' ? policy.interval : Math.min(policy.interval, hold);
  return { id: `analyse-${place}`, do: 'analyse', analysis: canaryAnalysis, interval, for: hold };
};

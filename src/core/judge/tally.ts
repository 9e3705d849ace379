/** Counting: what one round of verdicts means for the release. */
import type { Check } from '../policy/policy.ts';
import type { Verdict } from './verdict.ts';

export type Outcome = 'pass' | 'hold' | 'fail';
export type Judged = { readonly check: Check; readonly verdict: Verdict };

export type Tally = {
  /** What the round was by itself: one failed check makes it `fail`, else one that must wait makes it `hold`. */
  readonly round: Outcome;
  /** What follows for the release: go on, stay at this step, or fail (the failures have reached the threshold). */
  readonly outcome: Outcome;
  /** Failed rounds so far, this one included. Never falls. */
  readonly failures: number;
  /** The sentences of the checks that decided it. */
  readonly because: string;
};

/**
 * Only an answer without data is the policy's to interpret; what is unclear or could not be asked is never a pass. Too few
 * requests are more than none: they pass where none would, and never count as failed.
 */
const outcomeOf = ({ check, verdict }: Judged): Outcome => {
  if (verdict.call !== 'inconclusive') return verdict.call;
  if (verdict.reason === 'too-few') return check.noData === 'pass' ? 'pass' : 'hold';
  return verdict.reason === 'no-data' ? check.noData : 'hold';
};

const said = (judged: Judged): string => {
  const { check, verdict } = judged;
  if (verdict.reason === 'too-few')
    return `${verdict.because}; ${check.noData === 'pass' ? 'counted as passed (noData: pass)' : 'the step waits for more (minRequests)'}`;
  if (verdict.reason !== 'no-data') return verdict.because;
  const meaning: Readonly<Record<Outcome, string>> = {
    hold: 'the step waits (noData: hold)',
    fail: 'counted as failed (noData: fail)',
    pass: 'counted as passed (noData: pass)',
  };
  return `${verdict.because}; ${meaning[check.noData]}`;
};

const worst = (outcomes: readonly Outcome[]): Outcome => {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('hold') ? 'hold' : 'pass';
};

/** `failures` before this round, and the number of them at which the release fails: at that moment, not a round later. */
export const tally = (
  judged: readonly Judged[],
  { failures, threshold }: { readonly failures: number; readonly threshold: number },
): Tally => {
  const round = worst(judged.map(outcomeOf));
  const because = judged
    .filter((one) => outcomeOf(one) === round)
    .map(said)
    .join('. ');
  if (round !== 'fail') return { round, outcome: round, failures, because };
  const counted = failures + 1;
  return { round, outcome: counted >= threshold ? 'fail' : 'hold', failures: counted, because };
};

/** Derives the outcome for the release from the verdicts of one round. */
import type { Check } from '../policy/policy.ts';
import type { Verdict } from './verdict.ts';

export type Outcome = 'pass' | 'hold' | 'fail';
export type Judged = { readonly check: Check; readonly verdict: Verdict };

export type Tally = {
  /** The outcome of the round alone: `fail` if any check failed, else `hold` if any must wait. */
  readonly round: Outcome;
  /** The outcome for the release: continue, stay at this step, or fail (the threshold is reached). */
  readonly outcome: Outcome;
  /** Failed rounds so far, this one included. Never falls. */
  readonly failures: number;
  /** The messages of the decisive checks. */
  readonly because: string;
};

/**
 * `noData` applies only to answers without data; an unclear or missing answer never passes. Too few requests pass if
 * `noData` is `pass`, and never count as failed.
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

/**
 * `failures` is the count before this round. The release fails in the round in which the count reaches `threshold`, not a
 * round later.
 */
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

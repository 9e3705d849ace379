import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import vectors from '../../../test/fixtures/judge/flagger-ticks.json' with { type: 'json' };
import { successRate } from '../../../test/support/measurements.ts';
import type { NoData } from '../policy/policy.ts';
import { tally, type Judged } from './tally.ts';
import { unreachable, type Verdict } from './verdict.ts';

const verdicts = {
  pass: { call: 'pass', reason: 'within-bounds', because: 'fine' },
  fail: { call: 'fail', reason: 'out-of-bounds', because: 'bad' },
  'no-data': { call: 'inconclusive', reason: 'no-data', because: 'nothing' },
  'too-few': { call: 'inconclusive', reason: 'too-few', because: 'little' },
  unclear: { call: 'inconclusive', reason: 'unclear', because: 'odd' },
} as const satisfies Readonly<Record<string, Verdict>>;
type Name = keyof typeof verdicts;

const judged = (name: Name, noData: NoData = 'hold'): Judged => ({
  check: successRate(99, { noData }),
  verdict: verdicts[name],
});
const at = { failures: 0, threshold: 3 };

describe('a round', () => {
  it.each<[string, readonly Judged[], 'pass' | 'hold' | 'fail', string]>([
    ['of passes passes', [judged('pass'), judged('pass')], 'pass', 'fine. fine'],
    ['without checks passes', [], 'pass', ''],
    ['with one failed check fails', [judged('pass'), judged('fail')], 'fail', 'bad'],
    ['with a failed check and one without data fails', [judged('no-data'), judged('fail')], 'fail', 'bad'],
    ['without data waits', [judged('pass'), judged('no-data')], 'hold', 'nothing; the step waits (noData: hold)'],
    [
      'without data fails if the policy says so',
      [judged('no-data', 'fail')],
      'fail',
      'nothing; counted as failed (noData: fail)',
    ],
    [
      'without data passes if the policy says so',
      [judged('no-data', 'pass')],
      'pass',
      'nothing; counted as passed (noData: pass)',
    ],
    [
      'R9: of too few requests waits',
      [judged('too-few', 'fail')],
      'hold',
      'little; the step waits for more (minRequests)',
    ],
    [
      'R9: of too few requests passes where none at all would',
      [judged('too-few', 'pass')],
      'pass',
      'little; counted as passed (noData: pass)',
    ],
    ['that is unclear waits, whatever the policy says about no data', [judged('unclear', 'pass')], 'hold', 'odd'],
  ])('%s', (_case, round, outcome, because) => expect(tally(round, at)).toMatchObject({ round: outcome, because }));

  it('whose source is unreachable waits, whatever the policy says about no data', () => {
    const check = successRate(99, { noData: 'pass' });
    const verdict = unreachable(check, 'Prometheus at http://p cannot be reached');
    expect(tally([{ check, verdict }], at)).toEqual({
      round: 'hold',
      outcome: 'hold',
      failures: 0,
      because: 'request-success-rate could not be measured: Prometheus at http://p cannot be reached',
    });
  });
});

describe('failures', () => {
  it('count one for a round, however many of its checks failed', () =>
    expect(tally([judged('fail'), judged('fail')], at)).toEqual({
      round: 'fail',
      outcome: 'hold',
      failures: 1,
      because: 'bad. bad',
    }));

  it('end the release in the round in which they reach the threshold', () =>
    expect(tally([judged('fail')], { failures: 2, threshold: 3 })).toMatchObject({ outcome: 'fail', failures: 3 }));

  it('end it at once with a threshold of 1', () =>
    expect(tally([judged('fail')], { failures: 0, threshold: 1 })).toMatchObject({ outcome: 'fail', failures: 1 }));

  const name = fc.constantFrom<Name>('pass', 'fail', 'no-data', 'unclear');
  it('never fall, and grow only by failed rounds', () =>
    fc.assert(
      fc.property(
        fc.array(name, { maxLength: 5 }),
        fc.nat({ max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (names, failures, threshold) => {
          const counted = tally(
            names.map((n) => judged(n)),
            { failures, threshold },
          );
          expect(counted.failures).toBe(failures + (names.includes('fail') ? 1 : 0));
          expect(counted.outcome === 'fail').toBe(names.includes('fail') && counted.failures >= threshold);
          expect(counted.outcome === 'pass').toBe(names.every((n) => n === 'pass'));
        },
      ),
    ));
});

describe('against Flagger’s ticks', () => {
  // Flagger looks at its counter before it looks at the metrics, so it rolls back one tick after the last failure.
  it.each(vectors.map((v) => [v.id, v] as const))(
    '%s: the same counting, one tick earlier',
    (_id, { input, expected }) => {
      let failures = 0;
      const tick = input.outcomes.findIndex((outcome) => {
        const counted = tally([judged(outcome as Name)], { failures, threshold: input.threshold });
        failures = counted.failures;
        return counted.outcome === 'fail';
      });
      expect(expected.verdict).toBe('rollback');
      expect(tick + 1).toBe(expected.tick - 1);
    },
  );
});

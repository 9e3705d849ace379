import { describe, expect, it } from '@jest/globals';
import { aMeasurement, buckets, duration, istioRequests, successRate } from '../../../test/support/measurements.ts';
import type { Check } from '../policy/policy.ts';
import { threshold } from './threshold.ts';
import type { Evidence, Verdict } from './verdict.ts';

const stable = istioRequests('stable', { 200: 3900 });

/** Windows one after another, as a release has them: each is handed what the one before kept. */
const inARow = (check: Check, ...windows: readonly Readonly<Record<string, number>>[]): readonly Verdict[] => {
  let past: Evidence | undefined;
  return windows.map((counted) => {
    const canary = check.kind === 'duration' ? buckets('canary', counted) : istioRequests('canary', counted);
    const measured = aMeasurement({ canary, stable: check.kind === 'duration' ? [] : stable });
    const verdict = threshold(check, measured, past);
    past = verdict.evidence;
    return verdict;
  });
};

const rate = (min: number): Check => successRate(min, { minRequests: 20 });
const quick = (max: number): Check => ({ ...duration(max), minRequests: 20 }) as Check;

describe('R9: a check on few requests', () => {
  it('waits, and shows how many of how many', () =>
    expect(inARow(rate(99), { 200: 4 })).toEqual([
      {
        call: 'inconclusive',
        reason: 'too-few',
        because:
          'request-success-rate 100 % (canary 4 of at least 20 requests, 0 failed) has too few requests to be judged; stable 100 % (3900 requests)',
        value: 100,
        queries: ['the_query'],
        evidence: { rounds: 1, requests: 4, failed: 0 },
      },
    ]));

  it('passes when the requests of several rounds are enough together', () =>
    expect(inARow(rate(99), { 200: 8 }, { 200: 8 }, { 200: 4 })).toMatchObject([
      { reason: 'too-few' },
      {
        reason: 'too-few',
        because: expect.stringContaining('canary 16 of at least 20 requests, 0 failed, in 2 rounds'),
      },
      { call: 'pass', because: expect.stringContaining('canary 20 requests, 0 failed, in 3 rounds') },
    ]));

  it('begins anew after it was judged', () => {
    const [, judged] = inARow(rate(99), { 200: 15 }, { 200: 15 });
    expect(judged?.evidence).toBeUndefined();
  });

  it('fails at once where no further request could mend it', () =>
    expect(inARow(rate(99), { 200: 3, 503: 1 })).toMatchObject([
      { call: 'fail', because: expect.stringContaining('75 % (canary 4 of at least 20 requests, 1 failed) is below') },
    ]));

  it('waits where further requests could mend it, and fails when they do not', () =>
    expect(inARow(rate(90), { 200: 3, 503: 1 }, { 200: 14, 503: 1 }, { 200: 4, 503: 1 })).toMatchObject([
      { reason: 'too-few' },
      { reason: 'too-few' },
      { call: 'fail', because: expect.stringContaining('87.5 % (canary 24 requests, 3 failed, in 3 rounds) is below') },
    ]));

  it('keeps what was counted over a round without any request', () => {
    const verdicts = inARow(rate(99), { 200: 12 }, { 200: 0 }, { 200: 8 });
    expect(verdicts).toMatchObject([{ reason: 'too-few' }, { reason: 'no-data' }, { call: 'pass' }]);
  });

  it('counts durations alike', () =>
    expect(inARow(quick(500), { 100: 12, 1000: 12, '+Inf': 12 }, { 100: 8, 1000: 8, '+Inf': 8 })).toMatchObject([
      { reason: 'too-few', because: expect.stringContaining('(canary 12 of at least 20 requests)') },
      { call: 'pass', because: expect.stringContaining('(canary 20 requests, in 2 rounds)') },
    ]));

  it('fails of a slow request that no quick ones could hide', () =>
    expect(inARow(quick(100), { 100: 3, 1000: 4, '+Inf': 4 })).toMatchObject([{ call: 'fail' }]));

  it('has any number for enough where the policy says 0 or 1', () => {
    for (const minRequests of [0, 1])
      expect(inARow(successRate(99, { minRequests }), { 200: 1 })).toMatchObject([
        { call: 'pass', because: expect.stringContaining('(canary 1 request, 0 failed)') },
      ]);
  });

  it('takes no damaged memory for requests', () =>
    expect(
      threshold(rate(99), aMeasurement({ canary: istioRequests('c', { 200: 4 }) }), { rounds: 'x' }),
    ).toMatchObject({
      evidence: { rounds: 1, requests: 4, failed: 0 },
    }));
});

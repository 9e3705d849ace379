import { describe, expect, it } from '@jest/globals';
import {
  aQuery,
  aRound,
  duration,
  istioRequests,
  measured,
  roundFacts,
  successRate,
  unanswered,
} from '../../../test/support/measurements.ts';
import type { Answer } from '../questions/question.ts';
import { questionsFor } from './ask-round.ts';
import { judgeRound, mostEvidence, type Round, type RoundFacts } from './judge-round.ts';
import type { Evidence, Judge } from './verdict.ts';

const good = measured({ canary: istioRequests('canary', { 200: 100 }), stable: istioRequests('stable', { 200: 400 }) });
const bad = measured({ canary: istioRequests('canary', { 200: 60, 503: 40 }) });
const subject = aRound({ checks: [successRate(99)] });

const judged = (answer: Answer, over: Partial<RoundFacts> = {}): Round => {
  const round = judgeRound(subject, roundFacts(subject, [answer], over));
  if (round === 'pending') throw new Error('every question is answered');
  return round;
};

describe('a round', () => {
  const two = aRound({ checks: [successRate(99), duration(500)] });
  it.each<[string, readonly (Answer | 'pending' | undefined)[]]>([
    ['one question has not been asked', [good, undefined]],
    ['one question is being asked', ['pending', good]],
    ['no question has been asked', []],
  ])('is pending while %s', (_case, answers) => expect(judgeRound(two, roundFacts(two, answers))).toBe('pending'));

  it('is judged when every question is answered', () =>
    expect(judgeRound(two, roundFacts(two, [good, measured()]))).toMatchObject({
      outcome: 'hold',
      results: [{ call: 'pass' }, { call: 'inconclusive' }],
    }));

  it('does not read the answers to another window', () => {
    const [first] = questionsFor({ ...subject, window: { from: 0, to: 1 } });
    const facts = { ...roundFacts(subject, []), answers: new Map([[first?.id ?? '', good]]) };
    expect(judgeRound(subject, facts)).toBe('pending');
  });

  it('that passes says what it saw, when and at which weight', () =>
    expect(judged(good, { failures: 1, weight: 25 })).toEqual({
      outcome: 'pass',
      failures: 1,
      exhausted: false,
      because:
        'request-success-rate 100 % (canary 100 requests, 0 failed) meets the minimum 99 %; stable 100 % (400 requests)',
      results: [
        {
          name: 'request-success-rate',
          call: 'pass',
          because: expect.stringContaining('meets the minimum'),
          value: 100,
          requests: { canary: 100, stable: 400 },
          at: '2023-11-14T22:14:20.000Z',
          weight: 25,
        },
      ],
      // One scrape since the split has settled does not tell who got what.
      requests: { window: { canary: 100, stable: 400 } },
      evidence: {},
    }));

  it.each([
    [0, 1, false],
    [1, 2, false],
    [2, 3, true],
  ])(
    'that fails after %d failures counts %d, and the third of three ends the release',
    (failures, counted, exhausted) =>
      expect(judged(bad, { failures, threshold: 3 })).toMatchObject({ outcome: 'fail', failures: counted, exhausted }),
  );

  it('without data carries the query that was asked, so that a person can ask it again', () =>
    expect(judged(measured({ queries: ['up{pod="web"}'] })).results).toMatchObject([{ queries: ['up{pod="web"}'] }]));

  it('whose source did not answer holds, whatever noData says', () => {
    const pass = aRound({ checks: [successRate(99, { noData: 'pass' })] });
    expect(judgeRound(pass, roundFacts(pass, [unanswered('Prometheus is gone')]))).toMatchObject({
      outcome: 'hold',
      failures: 0,
      because: 'request-success-rate could not be measured: Prometheus is gone',
    });
  });

  it('counts a new pod from its first scrape, if it is known when the pod started', () => {
    const first = measured({
      canary: [{ labels: { pod: 'new', response_code: '200' }, points: [[subject.window.to, 7]] }],
    });
    expect(judged(first).outcome).toBe('hold');
    expect(judged(first, { started: new Map([['new', subject.window.from]]) }).because).toContain('canary 7 requests');
  });
});

describe('what a judge remembers', () => {
  const counting: Judge = (check, _measured, past) => ({
    call: 'pass',
    reason: 'within-bounds',
    because: check.name,
    evidence: { rounds: Number(past?.['rounds'] ?? 0) + 1 },
  });
  const remembering =
    (size: number): Judge =>
    (check) => ({
      call: 'pass',
      reason: 'within-bounds',
      because: check.name,
      evidence: { text: 'x'.repeat(size) },
    });
  const both = aRound({ checks: [successRate(99), aQuery('up', { min: 1 })] });
  const round = (
    judge: Judge,
    evidence: Readonly<Record<string, Evidence>>,
    answers: readonly Answer[] = [good, good],
  ): Round => {
    const result = judgeRound(both, roundFacts(both, answers, { evidence }), { threshold: judge });
    if (result === 'pending') throw new Error('every question is answered');
    return result;
  };

  it('is kept for each check and handed back in the next round', () => {
    const first = round(counting, {});
    expect(first.evidence).toEqual({ 'request-success-rate': { rounds: 1 }, 'queue-depth': { rounds: 1 } });
    const restored = JSON.parse(JSON.stringify(first.evidence)) as typeof first.evidence;
    expect(round(counting, { ...restored, 'queue-depth': { rounds: 5 } }).evidence).toEqual({
      'request-success-rate': { rounds: 2 },
      'queue-depth': { rounds: 6 },
    });
  });

  it('stays as it is over a round in which the source did not answer', () => {
    const evidence = { 'request-success-rate': { rounds: 4 }, 'queue-depth': { rounds: 4 } };
    expect(round(counting, evidence, [unanswered('gone'), good]).evidence).toEqual({
      'request-success-rate': { rounds: 4 },
      'queue-depth': { rounds: 5 },
    });
  });

  it('is not what a threshold judge leaves behind', () =>
    expect(judged(good, { evidence: { 'request-success-rate': { rounds: 4 } } }).evidence).toEqual({}));

  it('of a check that is gone is dropped', () =>
    expect(round(counting, { removed: { rounds: 4 } }).evidence).not.toHaveProperty('removed'));

  const envelope = JSON.stringify({ text: '' }).length;
  it('is kept up to the bound, and over it is dropped with a sentence about it', () => {
    expect(round(remembering(mostEvidence - envelope), {}).evidence).toHaveProperty('queue-depth');
    const { evidence, because } = round(remembering(mostEvidence - envelope + 1), {});
    expect(evidence).toEqual({});
    expect(because).toContain('request-success-rate (what the judge threshold wants to remember takes 4097 bytes');
  });

  it('survives a version of Sluice that does not know the judge', () => {
    const check = { ...successRate(99), judge: 'sequential' as never };
    const newer = aRound({ checks: [check] });
    const facts = roundFacts(newer, [good], { evidence: { [check.name]: { e: 3 } } });
    expect(judgeRound(newer, facts)).toMatchObject({
      outcome: 'hold',
      because: 'request-success-rate cannot be judged: this version of Sluice has no judge "sequential"',
      evidence: { [check.name]: { e: 3 } },
    });
  });
});

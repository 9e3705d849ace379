import { describe, expect, it } from '@jest/globals';
import { aQuestion, aQuery } from '../../../test/support/measurements.ts';
import { compile } from '../../metrics/prometheus/compile.ts';
import type { Series } from '../judge/series.ts';
import { answerOf } from './answer.ts';

const window = { from: 1_000_000, to: 1_060_000 };
const question = aQuestion({ telemetry: 'application', window });
const compiled = compile(question, 850_000);
const named = (labels: Readonly<Record<string, string>>): Series => ({ labels, points: [[1_050_000, 1]] });
const of = (pod: string): Series => named({ __name__: 'http_requests_total', namespace: 'shop', pod });

describe('an answer', () => {
  it('gives each arm its own series and leaves out what is neither’s', () => {
    const [stable, canary] = [of('web-7d9f8b6c5d-x2k4p'), of('web-canary-7d9f8b6c5d-x2k4p')];
    const series = [stable, canary, of('web-other-7d9f8b6c5d-x2k4p'), of('web-db-x2k4p')];
    expect(answerOf(question, compiled, { series, notes: [] })).toEqual({
      kind: 'measured',
      canary: [canary],
      stable: [stable],
      since: 850_000,
      queries: [compiled.query],
      sought: expect.stringContaining('http_requests_total'),
      notes: [],
    });
  });

  it('gives a series nobody can attribute, where names are too long to tell apart, to neither arm', () => {
    const workload = 'w'.repeat(60);
    const long = { ...question, arms: { ...question.arms, workload, canary: `${workload}-canary` } };
    const series = [of(`${'w'.repeat(58)}x2k4p`)];
    expect(answerOf(long, compile(long, 0), { series, notes: [] })).toMatchObject({ canary: [], stable: [] });
  });

  it('keeps each warning once', () =>
    expect(answerOf(question, compiled, { series: [], notes: ['partial data', 'slow', 'partial data'] }).notes).toEqual(
      ['partial data', 'slow'],
    ));

  it('takes a value to be the canary’s, and nothing to be from before the window', () => {
    const own = aQuestion({ check: aQuery('m', { max: 1 }), window });
    expect(answerOf(own, compile(own, 850_000), { series: [named({})], notes: [] })).toMatchObject({
      canary: [named({})],
      stable: [],
      since: window.from,
      queries: ['m'],
    });
  });
});

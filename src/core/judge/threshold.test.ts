import { describe, expect, it } from '@jest/globals';
import {
  aMeasurement,
  aQuery,
  aSeries,
  buckets,
  duration,
  grown,
  istioRequests,
  successRate,
} from '../../../test/support/measurements.ts';
import type { Measurement } from './verdict.ts';
import { threshold } from './threshold.ts';

const rate = (canary: Readonly<Record<string, number>>, over: Partial<Measurement> = {}): Measurement =>
  aMeasurement({
    canary: istioRequests('canary', canary),
    stable: istioRequests('stable', { 200: 3896, 500: 4 }),
    ...over,
  });

describe('a success rate against its minimum', () => {
  it.each([
    [
      'below it',
      { 200: 293, 500: 119 },
      'fail',
      'request-success-rate 71.1 % (canary 412 requests, 119 failed) is below the minimum 99 %; stable 99.9 % (3900 requests)',
    ],
    [
      'above it',
      { 200: 411, 500: 1 },
      'pass',
      'request-success-rate 99.8 % (canary 412 requests, 1 failed) meets the minimum 99 %; stable 99.9 % (3900 requests)',
    ],
    [
      'exactly on it passes',
      { 200: 99, 500: 1 },
      'pass',
      'request-success-rate 99 % (canary 100 requests, 1 failed) meets the minimum 99 %; stable 99.9 % (3900 requests)',
    ],
    [
      'a hair below it is shown with the digits that tell',
      { 200: 98_996, 500: 1_004 },
      'fail',
      'request-success-rate 98.996 % (canary 100000 requests, 1004 failed) is below the minimum 99 %; stable 99.9 % (3900 requests)',
    ],
    [
      'every request failed',
      { 503: 7 },
      'fail',
      'request-success-rate 0 % (canary 7 requests, 7 failed) is below the minimum 99 %; stable 99.9 % (3900 requests)',
    ],
  ])('%s', (_case, codes, call, because) =>
    expect(threshold(successRate(99), rate(codes))).toMatchObject({ call, because }),
  );

  it('carries its value in percent, unrounded, and no evidence', () =>
    expect(threshold(successRate(99), rate({ 200: 2, 500: 1 }))).toEqual({
      call: 'fail',
      reason: 'out-of-bounds',
      because: expect.any(String),
      queries: ['the_query'],
      value: 200 / 3,
    }));

  it('says when stable had no request to compare with', () =>
    expect(threshold(successRate(99), rate({ 200: 5 }, { stable: [] })).because).toMatch(/; stable got no request$/));

  it('adds the warnings of the source', () =>
    expect(threshold(successRate(99), rate({ 200: 5 }, { notes: ['partial response'] })).because).toMatch(
      /\(the source says: partial response\)$/,
    ));
});

describe('no data is an answer of its own, with its reason', () => {
  const stable = istioRequests('stable', { 200: 10 });
  it.each([
    [
      'nothing matched at all',
      { canary: [], stable: [] },
      /has no data: no series of either arm matched\. Prometheus must scrape the sidecars/,
    ],
    [
      'only stable has series',
      { canary: [] },
      /stable has 1 series, the canary none: it has not been asked anything yet, or is not scraped/,
    ],
    [
      'the canary’s counters stand still',
      { canary: [grown({ pod: 'a', response_code: '200' }, 0)] },
      /the canary got no request in this window/,
    ],
    [
      'the canary is gone',
      { canary: [aSeries({ pod: 'a', response_code: '200' }, [-60, 1], [-30, 5])] },
      /no point in this window/,
    ],
    [
      'the canary was seen once',
      { canary: [aSeries({ pod: 'a', response_code: '200' }, [30, 5])] },
      /were not seen twice/,
    ],
  ])('%s', (_case, over, because) => {
    const verdict = threshold(successRate(99), aMeasurement({ stable, ...over }));
    expect(verdict).toEqual({
      call: 'inconclusive',
      reason: 'no-data',
      because: expect.stringMatching(because),
      queries: ['the_query'],
    });
  });

  it.each([
    ['linkerd', /Linkerd's relabelling/],
    ['application', /the labels `namespace` and `pod`/],
  ] as const)('what %s needs is said', (telemetry, because) =>
    expect(threshold(successRate(99), aMeasurement({ telemetry })).because).toMatch(because),
  );

  it('requests nobody can classify are not taken for good ones', () =>
    expect(
      threshold(successRate(99), aMeasurement({ telemetry: 'application', canary: [grown({ pod: 'a' }, 12)] })),
    ).toEqual({
      call: 'inconclusive',
      reason: 'unclear',
      because: expect.stringMatching(/12 requests of the canary carry no label that says whether they failed/),
      queries: ['the_query'],
    }));
});

describe('a duration against its maximum', () => {
  const upTo = { 100: 0, 250: 90, 500: 95, 1000: 100, '+Inf': 100 };
  const measured = (canary: Readonly<Record<string, number>>, over: Partial<Measurement> = {}): Measurement =>
    aMeasurement({
      canary: buckets('canary', canary),
      stable: buckets('stable', { 100: 1000, '+Inf': 1000 }),
      ...over,
    });

  it.each([
    [
      'above it',
      500,
      'fail',
      'request-duration p99 900 ms (canary 100 requests) is above the maximum 500 ms; stable p99 99 ms (1000 requests)',
    ],
    [
      'below it',
      950,
      'pass',
      'request-duration p99 900 ms (canary 100 requests) meets the maximum 950 ms; stable p99 99 ms (1000 requests)',
    ],
  ])('%s', (_case, max, call, because) =>
    expect(threshold(duration(max), measured(upTo))).toMatchObject({ call, because, value: expect.closeTo(900, 6) }),
  );

  it('is in milliseconds where the histogram is in seconds, and fractions stay', () => {
    const canary = [...buckets('a', { 0.0005: 100, 0.001: 100, '+Inf': 100 })];
    const verdict = threshold(duration(0.4), aMeasurement({ telemetry: 'application', canary }));
    expect(verdict).toMatchObject({ call: 'fail', value: expect.closeTo(0.495, 9) });
    expect(verdict.because).toMatch(/p99 0\.495 ms .* is above the maximum 0\.4 ms; stable got no request$/);
  });

  it('names the quantile', () =>
    expect(threshold(duration(2000, 0.999), measured(upTo)).because).toMatch(/^request-duration p99\.9 /));

  const beyond = { 100: 0, 1000: 90, '+Inf': 100 };
  it('beyond the last bucket fails for certain where the maximum is not above it', () =>
    expect(threshold(duration(1000), measured(beyond))).toMatchObject({
      call: 'fail',
      because: expect.stringMatching(
        /^request-duration p99 >= 1000 ms \(canary 100 requests\) is above the maximum 1000 ms/,
      ),
    }));

  it('beyond the last bucket says that nobody can tell where the maximum is above it', () =>
    expect(threshold(duration(2000), measured(beyond))).toMatchObject({
      call: 'inconclusive',
      reason: 'unclear',
      because: expect.stringMatching(
        /^request-duration p99 >= 1000 ms .* on which side of the maximum 2000 ms it is: add buckets/,
      ),
    }));

  it('beyond the last bucket passes where only a minimum below it was asked for', () => {
    const check = { kind: 'duration', name: 'slow', min: 500, quantile: 0.99, noData: 'hold' } as const;
    expect(threshold(check, measured(beyond))).toMatchObject({ call: 'pass' });
    expect(threshold({ ...check, min: 1500 }, measured(beyond))).toMatchObject({
      call: 'inconclusive',
      reason: 'unclear',
    });
  });

  it.each([
    ['no +Inf bucket', { 100: 5 }, 'unclear', /no bucket le="\+Inf"/],
    ['no finite bucket', { '+Inf': 5 }, 'unclear', /no bucket bound in common/],
    ['no request', { 100: 0, '+Inf': 0 }, 'no-data', /got no request/],
  ])('%s is inconclusive', (_case, canary, reason, because) =>
    expect(threshold(duration(500), measured(canary))).toMatchObject({
      call: 'inconclusive',
      reason,
      because: expect.stringMatching(because),
    }),
  );

  it('leaves Linkerd’s probes out, fast as they are', () => {
    const probes = ['100', '+Inf'].map((le) => grown({ pod: 'a', le, route_name: 'probe' }, 10_000));
    const canary = [...buckets('a', { 100: 0, 1000: 10, '+Inf': 10 }), ...probes];
    expect(threshold(duration(500), aMeasurement({ telemetry: 'linkerd', canary })).call).toBe('fail');
  });
});

describe('a query of one’s own', () => {
  const result = (...values: readonly number[]): Measurement =>
    aMeasurement({ canary: values.map((value, i) => aSeries({ i: String(i) }, [60, value])) });

  it.each([
    ['within both bounds', { min: 1, max: 3, value: 2 }, 'pass', 'queue-depth 2 meets the minimum 1 and the maximum 3'],
    ['on the maximum', { max: 3, value: 3 }, 'pass', 'queue-depth 3 meets the maximum 3'],
    ['on the minimum', { min: 3, value: 3 }, 'pass', 'queue-depth 3 meets the minimum 3'],
    ['above the maximum', { max: 0.3, value: 0.3001 }, 'fail', 'queue-depth 0.3001 is above the maximum 0.3'],
    ['below the minimum', { min: 1, value: -5 }, 'fail', 'queue-depth -5 is below the minimum 1'],
    ['zero is a value', { max: 0, value: 0 }, 'pass', 'queue-depth 0 meets the maximum 0'],
    ['tiny', { max: 1e-9, value: 1.5e-9 }, 'fail', 'queue-depth 1.5e-9 is above the maximum 1e-9'],
    ['large', { max: 1e6, value: 1_234_567 }, 'fail', 'queue-depth 1234567 is above the maximum 1000000'],
  ])('%s', (_case, { value, ...bounds }, call, because) =>
    expect(threshold(aQuery('q', bounds), result(value))).toMatchObject({ call, because, value }),
  );

  it.each([
    ['no series', [], 'no-data', 'queue-depth has no data: the query gives no series'],
    [
      'NaN',
      [Number.NaN],
      'no-data',
      'queue-depth has no data: the query gives NaN, as a division by zero requests does',
    ],
    [
      'infinity',
      [Infinity],
      'no-data',
      'queue-depth has no data: the query gives Infinity, as a division by zero requests does',
    ],
    [
      'several series',
      [1, 1],
      'unclear',
      'queue-depth cannot be judged: the query gives 2 series and a check needs one: aggregate, for example with sum(…)',
    ],
  ])('%s is inconclusive', (_case, values, reason, because) =>
    expect(threshold(aQuery('q', { max: 5 }), result(...values))).toEqual({
      call: 'inconclusive',
      reason,
      because,
      queries: ['the_query'],
    }),
  );
});

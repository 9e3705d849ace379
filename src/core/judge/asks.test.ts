import { describe, expect, it } from '@jest/globals';
import { aQuery, duration, successRate } from '../../../test/support/measurements.ts';
import type { Telemetry } from '../policy/policy.ts';
import { asksFor, measure } from './asks.ts';
import type { Arms, Window } from '../outside/question.ts';
import type { Series } from './series.ts';

const arms: Arms = {
  namespace: 'shop',
  workload: 'web',
  canary: 'web-canary',
  service: 'front',
  canaryService: 'front-canary',
};
const window: Window = { from: 1_000_000, to: 1_060_000 };
const hash = '[bcdfghjklmnpqrstvwxz2456789]';

describe('what a built-in check asks', () => {
  it.each<[Telemetry, string, string]>([
    [
      'istio',
      'istio_requests_total{reporter="destination",destination_workload_namespace="shop",destination_workload=~"web|web-canary"}',
      'istio_request_duration_milliseconds_bucket{reporter="destination",destination_workload_namespace="shop",destination_workload=~"web|web-canary"}',
    ],
    [
      'linkerd',
      'response_total{direction="inbound",namespace="shop",deployment=~"web|web-canary"}',
      'response_latency_ms_bucket{direction="inbound",namespace="shop",deployment=~"web|web-canary"}',
    ],
    [
      'application',
      `http_requests_total{namespace="shop",pod=~"web-${hash}{5,10}-${hash}{5}|web-canary-${hash}{5,10}-${hash}{5}"}`,
      `http_request_duration_seconds_bucket{namespace="shop",pod=~"web-${hash}{5,10}-${hash}{5}|web-canary-${hash}{5,10}-${hash}{5}"}`,
    ],
  ])('of %s: both arms in one query each', (telemetry, requests, durations) => {
    const [rate, ...noMore] = asksFor(successRate(99), telemetry, arms, window);
    expect(noMore).toEqual([]);
    expect(rate).toMatchObject({ arm: 'both', ask: { query: requests, shape: 'samples' } });
    expect(asksFor(duration(500), telemetry, arms, window)).toMatchObject([{ arm: 'both', ask: { query: durations } }]);
  });

  it('reaches back before the window, by two and a half minutes unless told', () => {
    expect(asksFor(successRate(99), 'istio', arms, window)[0]?.ask).toMatchObject({ from: 850_000, to: 1_060_000 });
    const [near] = asksFor(successRate(99), 'istio', arms, { ...window, lookBack: 5_000 });
    expect(near?.ask).toMatchObject({ from: 995_000, to: 1_060_000 });
  });

  it('is never a rate: Sluice differences raw counters itself', () => {
    for (const check of [successRate(99), duration(500)])
      expect(asksFor(check, 'istio', arms, window)[0]?.ask.query).not.toMatch(/rate|increase|\[/);
  });
});

describe('what a query of one’s own asks', () => {
  it.each([
    ['whole seconds', window, 'sum(rate(m{ns="shop",a="web",b="web-canary",c="front"}[60s]))'],
    ['parts of seconds', { from: 0, to: 1_500 }, 'sum(rate(m{ns="shop",a="web",b="web-canary",c="front"}[1500ms]))'],
  ])('with the interval in %s', (_case, over, query) => {
    const text = 'sum(rate(m{ns="{{namespace}}",a="{{workload}}",b="{{canary}}",c="{{service}}"}[{{interval}}]))';
    expect(asksFor(aQuery(text, { max: 1 }), 'istio', arms, over)).toEqual([
      { arm: 'canary', ask: { query, shape: 'value', from: over.from, to: over.to } },
    ]);
  });
});

const named = (labels: Readonly<Record<string, string>>): Series => ({ labels, points: [[1_050_000, 1]] });

describe('the answers, told apart', () => {
  const asked = asksFor(successRate(99), 'application', arms, window);
  const of = (pod: string): Series => named({ __name__: 'http_requests_total', namespace: 'shop', pod });

  it('gives each arm its own series and leaves out what is neither’s', () => {
    const [stable, canary] = [of('web-7d9f8b6c5d-x2k4p'), of('web-canary-7d9f8b6c5d-x2k4p')];
    const series = [stable, canary, of('web-other-7d9f8b6c5d-x2k4p'), of('web-db-x2k4p')];
    const measured = measure({ telemetry: 'application', window, asked, answers: [{ series, notes: [] }] });
    expect(measured).toMatchObject({
      canary: [canary],
      stable: [stable],
      since: 850_000,
      from: window.from,
      to: window.to,
    });
    expect(measured.queries).toEqual([asked[0]?.ask.query]);
  });

  it('gives a series nobody can attribute, where names are too long to tell apart, to neither arm', () => {
    const workload = 'w'.repeat(60);
    const long = asksFor(successRate(99), 'application', { ...arms, workload, canary: `${workload}-canary` }, window);
    const series = [of(`${'w'.repeat(58)}x2k4p`)];
    const measured = measure({ telemetry: 'application', window, asked: long, answers: [{ series, notes: [] }] });
    expect([measured.canary, measured.stable]).toEqual([[], []]);
  });

  it('keeps each warning once', () => {
    const twice = [...asked, ...asksFor(duration(500), 'application', arms, window)];
    const answers = [
      { series: [], notes: ['partial data', 'slow'] },
      { series: [], notes: ['partial data'] },
    ];
    expect(measure({ telemetry: 'application', window, asked: twice, answers }).notes).toEqual([
      'partial data',
      'slow',
    ]);
  });

  it('takes a value to be the canary’s', () => {
    const own = asksFor(aQuery('m', { max: 1 }), 'istio', arms, window);
    const measured = measure({ telemetry: 'istio', window, asked: own, answers: [{ series: [named({})], notes: [] }] });
    expect(measured).toMatchObject({ canary: [named({})], stable: [], since: window.from });
  });
});

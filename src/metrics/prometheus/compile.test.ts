import { describe, expect, it } from '@jest/globals';
import { aQuery, aQuestion, duration, successRate } from '../../../test/support/measurements.ts';
import { durationNames, requestNames } from '../../core/judge/request-metrics.ts';
import { metricsOf, selects } from '../../core/questions/selector.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import { compile, ways } from './compile.ts';
import { selectorText } from './promql.ts';

const hash = '[bcdfghjklmnpqrstvwxz2456789]';
const window = { from: 1_000_000, to: 1_060_000 };

describe('what a built-in check asks', () => {
  it.each<[Telemetry, string, string]>([
    [
      'istio',
      'istio_requests_total{reporter=~"destination|waypoint",destination_workload_namespace="shop",destination_workload=~"web|web-canary"}',
      'istio_request_duration_milliseconds_bucket{reporter=~"destination|waypoint",destination_workload_namespace="shop",destination_workload=~"web|web-canary"}',
    ],
    [
      'linkerd',
      'response_total{direction="inbound",namespace="shop",deployment=~"web|web-canary"}',
      'response_latency_ms_bucket{direction="inbound",namespace="shop",deployment=~"web|web-canary"}',
    ],
    [
      'application',
      `{__name__=~"${requestNames.join('|')}",namespace="shop",pod=~"web-${hash}{5,10}-${hash}{5}|web-canary-${hash}{5,10}-${hash}{5}"}`,
      `{__name__=~"${durationNames.join('|')}",namespace="shop",pod=~"web-${hash}{5,10}-${hash}{5}|web-canary-${hash}{5,10}-${hash}{5}"}`,
    ],
  ])('of %s: both arms in one request', (telemetry, requests, durations) => {
    for (const [check, query] of [
      [successRate(99), requests],
      [duration(500), durations],
    ] as const) {
      const compiled = compile(aQuestion({ check, telemetry, window }), 850_000);
      expect(compiled).toMatchObject({ query, ask: { shape: 'samples', from: 850_000, to: 1_060_000 } });
      expect(compiled.ask.shape === 'samples' && selectorText(compiled.ask.selector)).toBe(query);
    }
  });

  it('is never a rate: Sluice differences raw counters itself', () => {
    for (const check of [successRate(99), duration(500)])
      expect(compile(aQuestion({ check }), 0).query).not.toMatch(/rate|increase|\[/);
  });

  it.each<[Telemetry, string, string, string]>([
    ['istio', 'destination_workload', 'web', 'web-canary'],
    ['linkerd', 'deployment', 'web', 'web-canary'],
    ['application', 'pod', 'web-7d9f8b6c5d-x2k4p', 'web-canary-7d9f8b6c5d-x2k4p'],
  ])('of %s can be told apart by its label %s', (telemetry, label, stable, canary) => {
    const compiled = compile(aQuestion({ telemetry }), 0);
    if (!('arms' in compiled)) throw new Error('a built-in check has two arms');
    const { metric, where } = compiled.arms.canary;
    const others = Object.entries(where).filter(([name]) => name !== label);
    const [name = ''] = metricsOf({ metric });
    const labels = { __name__: name, ...Object.fromEntries(others.map(([name, { values }]) => [name, values![0]!])) };
    const isOf = (arm: 'canary' | 'stable', value: string): boolean =>
      selects(compiled.arms[arm])({ ...labels, [label]: value });
    expect([isOf('stable', stable), isOf('canary', stable)]).toEqual([true, false]);
    expect([isOf('stable', canary), isOf('canary', canary)]).toEqual([false, true]);
  });
});

describe('the other ways in which Prometheus may have the series', () => {
  it.each<[string, Telemetry, string]>([
    ['R10: callers and gateways in front of pods without a proxy', 'istio', '{reporter="source",destination_workload'],
    [
      'R9: a scrape configuration with kubernetes_pod_name',
      'application',
      ',kubernetes_namespace="shop",kubernetes_pod_name=~',
    ],
  ])('%s', (_case, telemetry, part) => {
    expect(ways(aQuestion({ telemetry }))).toBe(2);
    expect(compile(aQuestion({ telemetry }), 0, 1).query).toContain(part);
  });

  it('are none for a query of one’s own, or for Linkerd', () => {
    expect(ways(aQuestion({ check: aQuery('up', { max: 1 }) }))).toBe(1);
    expect(ways(aQuestion({ telemetry: 'linkerd' }))).toBe(1);
  });

  it('are said in few words, without patterns', () => {
    const compiled = compile(aQuestion({ telemetry: 'application' }), 0);
    expect('sought' in compiled && compiled.sought).toBe(
      `http_requests_total (or another of ${requestNames.length - 1} names that libraries use) with namespace="shop" and \`pod\` of web or web-canary`,
    );
  });
});

describe('what a query of one’s own asks', () => {
  it.each([
    ['whole seconds', window, 'sum(rate(m{ns="shop",a="web",b="web-canary",c="front"}[60s]))'],
    ['parts of seconds', { from: 0, to: 1_500 }, 'sum(rate(m{ns="shop",a="web",b="web-canary",c="front"}[1500ms]))'],
  ])('with the interval in %s', (_case, over, query) => {
    const text = 'sum(rate(m{ns="{{namespace}}",a="{{workload}}",b="{{canary}}",c="{{service}}"}[{{interval}}]))';
    const arms = { ...aQuestion().arms, service: 'front' };
    expect(compile(aQuestion({ check: aQuery(text, { max: 1 }), arms, window: over }), 0)).toEqual({
      ask: { query, shape: 'value', at: over.to },
      query,
    });
  });
});

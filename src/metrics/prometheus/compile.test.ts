import { describe, expect, it } from '@jest/globals';
import { aQuery, aQuestion, duration, successRate } from '../../../test/support/measurements.ts';
import { selects } from '../../core/questions/selector.ts';
import type { Telemetry } from '../../core/policy/policy.ts';
import { compile } from './compile.ts';
import { selectorText } from './promql.ts';

const hash = '[bcdfghjklmnpqrstvwxz2456789]';
const window = { from: 1_000_000, to: 1_060_000 };

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
    const labels = { __name__: metric, ...Object.fromEntries(others.map(([name, { values }]) => [name, values![0]!])) };
    const isOf = (arm: 'canary' | 'stable', value: string): boolean =>
      selects(compiled.arms[arm])({ ...labels, [label]: value });
    expect([isOf('stable', stable), isOf('canary', stable)]).toEqual([true, false]);
    expect([isOf('stable', canary), isOf('canary', canary)]).toEqual([false, true]);
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

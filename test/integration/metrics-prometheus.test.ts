/** The contract, and every built-in check from query to verdict, on a real Prometheus. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Series } from '../../src/core/judge/series.ts';
import { threshold } from '../../src/core/judge/threshold.ts';
import type { Verdict } from '../../src/core/judge/verdict.ts';
import { answerOf } from '../../src/core/questions/answer.ts';
import type { Labels } from '../../src/values/kube-object.ts';
import type { Check, Telemetry } from '../../src/core/policy/policy.ts';
import type { Instant } from '../../src/values/time.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { compile } from '../../src/metrics/prometheus/compile.ts';
import { prometheus } from '../../src/metrics/prometheus/prometheus.ts';
import { metricsContract } from '../contract/metrics-suite.ts';
import { startPrometheusDouble } from '../contract/prometheus-double.ts';
import { startRealPrometheus, type RealPrometheus } from '../contract/real-prometheus.ts';
import { remoteWrite } from '../contract/remote-write.ts';
import { aQuery, aQuestion, duration, successRate } from '../support/measurements.ts';

// Building Prometheus, where there is none yet, takes minutes.
jest.setTimeout(600_000);

const wholeSecond = (): Instant => Math.floor(Date.now() / 1000) * 1000;
const never = new AbortController().signal;

metricsContract('a real Prometheus', async () => {
  const real = await startRealPrometheus();
  const gone = await startPrometheusDouble();
  await gone.close();
  return {
    source: prometheus({ address: real.address }),
    lost: prometheus({ address: gone.address }),
    now: wholeSecond(),
    queries: {
      number: '41.5',
      one: 'label_replace(vector(3), "kind", "one", "", "")',
      many: 'label_replace(vector(1), "i", "1", "", "") or label_replace(vector(2), "i", "2", "", "")',
      none: 'vector(1) > 2',
      nan: 'vector(NaN)',
      infinite: 'vector(Inf)',
    },
    load: (series) => remoteWrite(real.address, series),
    close: () => real.close(),
  };
});

const pods = {
  stable: 'web-7d9f8b6c5d-x2k4p',
  canary: 'web-canary-6b54c9d8f7-k2x4p',
  other: 'web-other-7d9f8b6c5d-x2k4p',
};
type Arm = keyof typeof pods;

/** Labels of one pod as each telemetry sets them. */
const podLabels: Readonly<Record<Telemetry, (arm: Arm, namespace: string) => Labels>> = {
  istio: (arm, namespace) => ({
    reporter: 'destination',
    destination_workload: arm === 'stable' ? 'web' : `web-${arm}`,
    destination_workload_namespace: namespace,
    namespace,
    pod: pods[arm],
  }),
  linkerd: (arm, namespace) => ({
    direction: 'inbound',
    deployment: arm === 'stable' ? 'web' : `web-${arm}`,
    namespace,
    pod: pods[arm],
  }),
  application: (arm, namespace) => ({ namespace, pod: pods[arm], method: 'GET' }),
};

const names: Readonly<
  Record<Telemetry, { requests: string; durations: string; ok: Labels; bad: Labels; scale: number }>
> = {
  istio: {
    requests: 'istio_requests_total',
    durations: 'istio_request_duration_milliseconds_bucket',
    ok: { response_code: '200' },
    bad: { response_code: '503' },
    scale: 1,
  },
  linkerd: {
    requests: 'response_total',
    durations: 'response_latency_ms_bucket',
    ok: { classification: 'success' },
    bad: { classification: 'failure' },
    scale: 1,
  },
  application: {
    requests: 'http_requests_total',
    durations: 'http_request_duration_seconds_bucket',
    ok: { status: '200' },
    bad: { status: '500' },
    scale: 1000,
  },
};

describe('a built-in check, from query to verdict', () => {
  let real: RealPrometheus;
  let now: Instant;
  const telemetries = ['istio', 'linkerd', 'application'] as const;

  const counter = (labels: Labels, ...values: readonly number[]): Series => ({
    labels,
    points: values.map((value, i) => [now - (values.length - 1 - i) * 15_000, value]),
  });

  /** Four scrapes: two before the window of half a minute, two in it. The canary's pod restarts, 100 requests in all, 10 failed. */
  const scrapes = (telemetry: Telemetry): readonly Series[] => {
    const { requests, durations, ok, bad, scale } = names[telemetry];
    const of = (arm: Arm, namespace = 'shop'): Labels => podLabels[telemetry](arm, namespace);
    const request = (arm: Arm, outcome: Labels, ...values: readonly number[]): Series =>
      counter({ __name__: requests, ...of(arm), ...outcome }, ...values);
    const bucket = (arm: Arm, le: number, ...values: readonly number[]): Series =>
      counter({ __name__: durations, ...of(arm), ...ok, le: le === Infinity ? '+Inf' : String(le / scale) }, ...values);
    return [
      request('canary', ok, 500, 600, 640, 50),
      request('canary', bad, 7, 7, 9, 8),
      request('stable', ok, 1000, 2000, 3000, 4000),
      request('other', bad, 0, 0, 5000, 9000),
      counter({ __name__: requests, ...of('canary', 'elsewhere'), ...bad }, 0, 0, 5000, 9000),
      bucket('canary', 100, 0, 0, 20, 50),
      bucket('canary', 500, 0, 0, 40, 90),
      bucket('canary', 1000, 0, 0, 40, 100),
      bucket('canary', Infinity, 0, 0, 40, 100),
      bucket('stable', 100, 0, 0, 500, 1000),
      bucket('stable', Infinity, 0, 0, 500, 1000),
    ];
  };

  /** In namespaces of their own, the canary alone: 40 requests, 10 of them failed, counted as others count them. */
  const otherShapes = (): readonly Series[] => {
    const { canary: pod } = pods;
    const grew = (labels: Labels, by: number): Series => counter(labels, 0, 0, 0, by);
    const spring = { __name__: 'http_server_requests_seconds_count', namespace: 'spring', pod, uri: '/cart' };
    const grpc = { __name__: 'grpc_server_handled_total', namespace: 'grpc', pod };
    const old = { __name__: 'http_requests_total', kubernetes_namespace: 'old', kubernetes_pod_name: pod };
    const istio = (destination_workload_namespace: string, reporter: string): Labels => ({
      __name__: 'istio_requests_total',
      destination_workload: 'web-canary',
      destination_workload_namespace,
      reporter,
      pod: `proxy-${reporter}`,
    });
    return [
      grew({ ...spring, status: '200' }, 30),
      grew({ ...spring, status: '500' }, 10),
      grew({ ...spring, uri: '/actuator/prometheus', status: '200' }, 500),
      grew({ ...grpc, grpc_code: 'NotFound' }, 30),
      grew({ ...grpc, grpc_code: 'Unavailable' }, 10),
      grew({ ...old, status: '200' }, 30),
      grew({ ...old, code: '500', status: 'error' }, 10),
      ...['waypoint', 'gateway'].flatMap((namespace) =>
        [...(namespace === 'waypoint' ? ['waypoint'] : []), 'source'].flatMap((reporter) => [
          grew({ ...istio(namespace, reporter), response_code: '200' }, 30),
          grew({ ...istio(namespace, reporter), response_code: '503' }, 10),
        ]),
      ),
    ];
  };

  beforeAll(async () => {
    real = await startRealPrometheus();
    now = wholeSecond();
    for (const telemetry of telemetries) await remoteWrite(real.address, scrapes(telemetry));
    await remoteWrite(real.address, otherShapes());
  });
  afterAll(() => real.close());

  /** `ahead`: how far the clock that windows are meant by is ahead of Prometheus'. */
  const judged = async (check: Check, telemetry: Telemetry, ahead = 0): Promise<Verdict> => {
    const window = { from: now - 30_000 + ahead, to: now + ahead };
    const question = aQuestion({ check, telemetry, window });
    const compiled = compile(question, question.window.from - 150_000);
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    const fetched = await prometheus({ address: real.address, clock }).fetch(compiled.ask, never);
    return threshold(check, {
      ...question.window,
      ...answerOf(question, compiled, fetched),
      telemetry,
      started: new Map(),
    });
  };

  it.each([600_000, 30_000, -30_000])(
    'D10: a clock that is %s ms ahead changes nothing: the failed requests are seen',
    async (ahead) => {
      expect(await judged(successRate(99), 'istio', ahead)).toMatchObject({ call: 'fail', reason: 'out-of-bounds' });
    },
  );

  it.each(telemetries)(
    'success rate of %s: the restart is counted right, other workloads are left out',
    async (telemetry) => {
      expect(await judged(successRate(99), telemetry)).toEqual({
        call: 'fail',
        reason: 'out-of-bounds',
        value: 90,
        because:
          'request-success-rate 90 % (canary 100 requests, 10 failed) is below the minimum 99 %; stable 100 % (2000 requests)',
        queries: [expect.stringContaining(names[telemetry].requests)],
      });
    },
  );

  it.each<[string, string, Telemetry, number]>([
    ['R9: Spring Boot, without its scrapes', 'spring', 'application', 0],
    ['R9: gRPC', 'grpc', 'application', 0],
    ['R9: a scrape configuration with kubernetes_pod_name', 'old', 'application', 1],
    ['R10: a waypoint, and its callers not again', 'waypoint', 'istio', 0],
    ['R10: a gateway in front of pods without a sidecar', 'gateway', 'istio', 1],
  ])('%s', async (_case, namespace, telemetry, way) => {
    const arms = { ...aQuestion().arms, namespace };
    const question = aQuestion({ telemetry, arms, window: { from: now - 30_000, to: now } });
    const since = question.window.from - 150_000;
    const answers = await Promise.all(
      Array.from({ length: way + 1 }, async (_, one) => {
        const compiled = compile(question, since, one);
        const { ask } = compiled;
        return answerOf(question, compiled, await prometheus({ address: real.address }).fetch(ask, never));
      }),
    );
    expect(answers.map(({ canary }) => canary.length > 0)).toEqual(answers.map((_, one) => one === way));
    const measured = { ...question.window, ...answers[way]!, telemetry, started: new Map<string, number>() };
    expect(threshold(successRate(99), measured)).toMatchObject({
      call: 'fail',
      because: expect.stringContaining('75 % (canary 40 requests, 10 failed)'),
    });
  });

  it.each(telemetries)('duration of %s is in milliseconds', async (telemetry) => {
    expect(await judged(duration(500, 0.95), telemetry)).toMatchObject({
      call: 'fail',
      value: expect.closeTo(750, 6),
      because:
        'request-duration p95 750 ms (canary 100 requests) is above the maximum 500 ms; stable p95 95 ms (1000 requests)',
    });
  });

  it('a query of one’s own is filled in and evaluated at the end of the window', async () => {
    const text =
      'sum(max_over_time(http_requests_total{namespace="{{namespace}}",pod=~"{{workload}}-[^-]+-[^-]+"}[{{interval}}]))';
    expect(await judged(aQuery(text, { max: 4000 }), 'application')).toMatchObject({ call: 'pass', value: 4000 });
  });

  it.each([
    ['sum(nothing_like_it)', 'no-data', /gives no series/],
    ['sum(up{x="y"}) / 0 or vector(0) / 0', 'no-data', /gives NaN/],
    ['http_requests_total{namespace="{{namespace}}"}', 'unclear', /gives 4 series and a check needs one/],
  ])('%s is inconclusive', async (text, reason, because) => {
    expect(await judged(aQuery(text, { max: 1 }), 'application')).toMatchObject({
      call: 'inconclusive',
      reason,
      because: expect.stringMatching(because),
    });
  });

  it.each([
    ['a wrong query', 'sum(', 'refused', /answers 400 Bad Request \(.*parse error.*\): correct the query/],
    ['a range', 'up[1m]', 'malformed', /gives a matrix and a check needs a number/],
    ['text', '"text"', 'malformed', /gives a string and a check needs a number/],
  ])('%s is a MetricError with what Prometheus says', async (_case, text, reason, message) =>
    expect(judged(aQuery(text, { max: 1 }), 'istio')).rejects.toMatchObject({
      name: 'MetricError',
      reason,
      message: expect.stringMatching(message),
    }),
  );
});

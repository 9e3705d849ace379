import { describe, expect, it } from '@jest/globals';
import { aMeasurement, buckets, duration, grown, successRate } from '../../../test/support/measurements.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import { armRequests } from './arm-requests.ts';
import { threshold } from './threshold.ts';

const pod = 'web-canary-6b54c9d8f7-k2x4p';
type Counted = readonly [labels: Labels, by: number];
const counts = (telemetry: Telemetry, counted: readonly Counted[], probes: readonly string[] = []): unknown =>
  armRequests(
    counted.map(([labels, by]) => grown({ pod, ...labels }, by)),
    aMeasurement({ telemetry, probes }),
  );

describe('R9: what libraries count is read', () => {
  it.each<[string, Labels, Labels]>([
    [
      'Spring Boot, Quarkus',
      { __name__: 'http_server_requests_seconds_count', uri: '/cart', status: '200' },
      { status: '500' },
    ],
    ['.NET', { __name__: 'http_requests_received_total', code: '200' }, { code: '500' }],
    [
      'OpenTelemetry',
      { __name__: 'http_server_request_duration_seconds_count', http_response_status_code: '200' },
      { http_response_status_code: '503' },
    ],
    [
      'an older OpenTelemetry',
      { __name__: 'http_server_duration_milliseconds_count', http_status_code: '200' },
      { http_status_code: '503' },
    ],
    [
      'express-prom-bundle',
      { __name__: 'http_request_duration_seconds_count', status_code: '201' },
      { status_code: '500' },
    ],
    [
      'Sock Shop',
      { __name__: 'request_duration_seconds_count', status_code: '200', route: 'cart' },
      { status_code: '500' },
    ],
    ['starlette', { __name__: 'starlette_requests_total', path: '/a', status_code: '200' }, { status_code: '500' }],
    [
      'Django',
      { __name__: 'django_http_responses_total_by_status_view_method_total', view: 'cart', status: '200' },
      { status: '500' },
    ],
    ['Rails', { __name__: 'rails_requests_total', status: '200' }, { status: '500' }],
    ['gRPC', { __name__: 'grpc_server_handled_total', grpc_code: 'NotFound' }, { grpc_code: 'Unavailable' }],
    [
      'gRPC of OpenTelemetry',
      { __name__: 'rpc_server_duration_milliseconds_count', rpc_grpc_status_code: '5' },
      { rpc_grpc_status_code: '13' },
    ],
  ])('of %s', (_library, ok, failed) =>
    expect(
      counts('application', [
        [ok, 9],
        [{ ...ok, ...failed }, 3],
      ]),
    ).toEqual({ requests: 12, failed: 3, unknown: 0 }),
  );

  it('in the unit of the metric', () => {
    const name = 'http_server_duration_milliseconds_bucket';
    const canary = buckets(pod, { 100: 50, 500: 100, '+Inf': 100 }).map((series) => ({
      ...series,
      labels: { ...series.labels, __name__: name },
    }));
    const verdict = threshold(duration(600), aMeasurement({ telemetry: 'application', canary }));
    expect(verdict).toMatchObject({ call: 'pass', value: 492 });
  });
});

describe('R9: requests that are counted under several names count once', () => {
  const total = { __name__: 'http_requests_total' };
  const histogram = { __name__: 'http_request_duration_seconds_count' };

  it('by the metric that says what became of them', () =>
    expect(
      counts('application', [
        [{ ...total, status: 'error' }, 10],
        [{ ...histogram, status_code: '500' }, 10],
      ]),
    ).toEqual({
      requests: 10,
      failed: 10,
      unknown: 0,
    }));

  it('by the one that tells probes from users', () =>
    expect(
      counts(
        'application',
        [
          [{ ...total, status: '200' }, 30],
          [{ ...histogram, status_code: '200', path: '/healthz' }, 30],
        ],
        ['/healthz'],
      ),
    ).toMatchObject({ requests: 0 }));

  it('by the usual one where they say as much', () =>
    expect(
      counts('application', [
        [{ ...total, status: '200' }, 30],
        [{ ...histogram, status_code: '200' }, 31],
      ]),
    ).toMatchObject({
      requests: 30,
    }));

  it('with calls of gRPC beside them', () =>
    expect(
      counts('application', [
        [{ ...total, status: '200' }, 30],
        [{ __name__: 'grpc_server_handled_total', grpc_code: 'Internal' }, 5],
      ]),
    ).toMatchObject({ requests: 35, failed: 5 }));
});

describe('R9: probes and scrapes are not users', () => {
  it.each<[string, Labels]>([
    ['the path of a probe', { path: '/healthz' }],
    ['with a query', { url: '/healthz?full=1' }],
    ['with a slash at the end', { handler: '/healthz/' }],
    ['as Spring says it', { uri: '/actuator/health/**' }],
    ['a scrape', { path: '/metrics' }],
    ['a scrape of Spring', { uri: '/actuator/prometheus' }],
  ])('%s', (_case, labels) =>
    expect(
      counts(
        'application',
        [[{ __name__: 'http_requests_total', status: '200', ...labels }, 11]],
        ['/healthz', '/actuator/health/liveness'],
      ),
    ).toEqual({ requests: 0, failed: 0, unknown: 0 }),
  );

  it('the health service of gRPC', () =>
    expect(
      counts('application', [
        [{ __name__: 'grpc_server_handled_total', grpc_code: 'OK', grpc_service: 'grpc.health.v1.Health' }, 11],
      ]),
    ).toMatchObject({ requests: 0 }));

  it.each<[string, Labels]>([
    ['another path', { path: '/healthz/cart' }],
    ['the root, which users ask for as well', { path: '/' }],
    ['no path', {}],
  ])('%s is a user’s', (_case, labels) =>
    expect(counts('application', [[{ status: '200', ...labels }, 11]], ['/healthz', '/'])).toMatchObject({
      requests: 11,
    }),
  );

  it('and a canary that had nothing else has no data', () => {
    const canary = [grown({ pod, __name__: 'http_requests_total', status: '200', path: '/healthz' }, 11)];
    expect(
      threshold(successRate(99), aMeasurement({ telemetry: 'application', canary, probes: ['/healthz'] })),
    ).toMatchObject({
      reason: 'no-data',
      because: 'request-success-rate has no data: the canary got no request in this window besides probes and scrapes',
    });
  });
});

describe('R10: Istio counts at the pods, at a waypoint and at the caller', () => {
  const by = (reporter: string, count: number): Counted => [{ reporter, response_code: '200' }, count];
  it.each<[string, readonly Counted[], number]>([
    ['a sidecar and its callers', [by('destination', 20), by('source', 21)], 20],
    ['a sidecar behind a waypoint', [by('destination', 20), by('waypoint', 19)], 20],
    ['a waypoint in front of pods without a sidecar', [by('waypoint', 19), by('source', 21)], 19],
    ['a gateway in front of pods without a sidecar', [by('source', 21)], 21],
    ['nobody asked anything', [by('destination', 0), by('source', 0)], 0],
  ])('%s', (_case, counted, requests) => expect(counts('istio', counted)).toMatchObject({ requests }));
});

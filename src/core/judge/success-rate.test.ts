import { describe, expect, it } from '@jest/globals';
import { aMeasurement, grown } from '../../../test/support/measurements.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Telemetry } from '../policy/policy.ts';
import type { Increment } from './increments.ts';
import { requestCounts } from './arm-requests.ts';
import { readSuccessRate } from './success-rate.ts';

const one = (labels: Labels): readonly Increment[] => [{ labels, by: 1 }];

describe('what became of a request', () => {
  it.each<[string, Telemetry, Labels, 'ok' | 'failed' | 'unknown' | 'not counted']>([
    ['Istio: 200', 'istio', { response_code: '200' }, 'ok'],
    ['Istio: 404 is the caller’s fault', 'istio', { response_code: '404' }, 'ok'],
    ['Istio: 503', 'istio', { response_code: '503' }, 'failed'],
    ['Istio: never answered', 'istio', { response_code: '0', response_flags: 'DC' }, 'failed'],
    ['Istio: gRPC, fine', 'istio', { response_code: '200', grpc_response_status: '0' }, 'ok'],
    ['Istio: gRPC, NOT_FOUND', 'istio', { response_code: '200', grpc_response_status: '5' }, 'ok'],
    ['Istio: gRPC, UNAVAILABLE with HTTP 200', 'istio', { response_code: '200', grpc_response_status: '14' }, 'failed'],
    ['Istio: no code', 'istio', {}, 'unknown'],
    ['Linkerd: success', 'linkerd', { classification: 'success' }, 'ok'],
    ['Linkerd: failure', 'linkerd', { classification: 'failure', status_code: '200' }, 'failed'],
    ['Linkerd: a probe of the kubelet', 'linkerd', { classification: 'success', route_name: 'probe' }, 'not counted'],
    ['Linkerd: a scrape of the proxy', 'linkerd', { classification: 'success', srv_port: '4191' }, 'not counted'],
    ['Linkerd: unclassified', 'linkerd', {}, 'unknown'],
    ['an application: 200', 'application', { status: '200' }, 'ok'],
    ['an application: 500', 'application', { status: '500' }, 'failed'],
    ['an application that says code', 'application', { code: '502' }, 'failed'],
    ['an application that says status_code', 'application', { status_code: '503' }, 'failed'],
    ['an application that groups', 'application', { status: '5xx' }, 'failed'],
    ['an application that groups, fine', 'application', { status: '2xx' }, 'ok'],
    ['an application without a status', 'application', { method: 'GET' }, 'unknown'],
    ['R2: an application that says error is not read as fine', 'application', { status: 'error' }, 'unknown'],
    ['R2: nor one that says the phrase', 'application', { status: 'Internal Server Error' }, 'unknown'],
    ['R2: nor one that says code and phrase', 'application', { status: '503 Service Unavailable' }, 'unknown'],
    ['R2: nor one that writes a fraction', 'application', { status: '500.0' }, 'unknown'],
    ['R2: OK is a word too', 'application', { status: 'OK' }, 'unknown'],
    ['R2: where status is a word, code says it', 'application', { status: 'error', code: '500' }, 'failed'],
    ['R2: or status_code', 'application', { status: 'success', status_code: '200' }, 'ok'],
    ['R2: an application of Node that says statusCode', 'application', { statusCode: '500' }, 'failed'],
    ['R2: or http_status', 'application', { http_status: '404' }, 'ok'],
    ['R2: OpenTelemetry', 'application', { http_response_status_code: '500' }, 'failed'],
    ['R2: an older OpenTelemetry', 'application', { http_status_code: '500' }, 'failed'],
    ['R2: no code of HTTP', 'application', { status: '600' }, 'unknown'],
  ])('%s', (_case, telemetry, labels, meaning) =>
    expect(requestCounts(one(labels), { telemetry })).toEqual({
      requests: meaning === 'not counted' ? 0 : 1,
      failed: meaning === 'failed' ? 1 : 0,
      unknown: meaning === 'unknown' ? 1 : 0,
    }),
  );
});

describe('a success rate', () => {
  it('is of all pods and all codes together, and says what it stands on', () => {
    const canary = [
      grown({ pod: 'a', response_code: '200' }, 200),
      grown({ pod: 'b', response_code: '200' }, 93),
      grown({ pod: 'b', response_code: '500' }, 119),
    ];
    const stable = [grown({ pod: 'c', response_code: '200' }, 3896), grown({ pod: 'c', response_code: '503' }, 4)];
    const reading = readSuccessRate(aMeasurement({ canary, stable }), { least: 0, past: undefined });
    expect(reading).toMatchObject({
      kind: 'value',
      value: (100 * 293) / 412,
      basis: 'canary 412 requests, 119 failed',
      stable: 'stable 99.9 % (3900 requests)',
    });
  });

  it('does not round a failed request of stable away', () => {
    const canary = [grown({ pod: 'a', response_code: '200' }, 1)];
    const stable = [grown({ pod: 'c', response_code: '200' }, 99_999), grown({ pod: 'c', response_code: '503' }, 1)];
    expect(readSuccessRate(aMeasurement({ canary, stable }), { least: 0, past: undefined })).toMatchObject({
      basis: 'canary 1 request, 0 failed',
      stable: 'stable 99.999 % (100000 requests)',
    });
  });
});

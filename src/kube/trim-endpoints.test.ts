import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../values/kube-object.ts';
import { endpointsOnly } from './trim.ts';

const slice = (more: object): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web', other: 'label' } },
  ...more,
});

describe('the trimmed slice', () => {
  it.each([
    ['null, as the API server writes it', { endpoints: null, ports: null }],
    ['nothing', {}],
  ])('of a Service without endpoints has none (%s)', (_name, more) =>
    expect(endpointsOnly(slice(more))).toMatchObject({ endpoints: [] }),
  );

  it('keeps who is ready behind which Service, and nothing else', () => {
    const endpoint = {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node',
      targetRef: { kind: 'Pod', name: 'web-1', uid: 'u' },
    };
    expect(endpointsOnly(slice({ endpoints: [endpoint, { addresses: ['10.0.0.2'] }], ports: [{ port: 80 }] }))).toEqual(
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
        endpoints: [
          { addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: { name: 'web-1' } },
          { addresses: ['10.0.0.2'] },
        ],
      },
    );
  });
});

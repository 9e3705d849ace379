import { describe, expect, test } from '@jest/globals';
import { renderBootstrap, renderSidecar } from './client-proxy.ts';

describe('the client proxy', () => {
  const identity = { name: 'client-7', namespace: 'shop', address: '10.244.250.7' };

  test("its node and its Sidecar name the same workload, so that one client's listener is nobody else's", () => {
    const { node } = renderBootstrap(identity) as { node: { id: string; metadata: { LABELS: object } } };
    const { spec } = renderSidecar(identity, 80) as {
      spec: { workloadSelector: { labels: object }; egress: object[] };
    };
    expect(node.id).toBe('sidecar~10.244.250.7~client-7.shop~shop.svc.cluster.local');
    expect(spec.workloadSelector.labels).toEqual(node.metadata.LABELS);
    expect(spec.egress).toEqual([
      {
        port: { number: 80, protocol: 'HTTP', name: 'http' },
        bind: '10.244.250.7',
        captureMode: 'NONE',
        hosts: ['shop/*'],
      },
    ]);
  });
});

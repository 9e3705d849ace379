import { describe, expect, it } from '@jest/globals';
import { podReferences } from './pod-references.ts';
import { aContainer, aPod, lookupOf } from './test-support.ts';
import { volumeFiles } from './volume-files.ts';

const facts = {
  pod: aPod({ metadata: { labels: { app: 'web', 'x/y': '1' }, annotations: { note: 'a "b"' } } }),
  podIP: '10.244.1.1',
  hostIP: '10.244.0.1',
  nodeName: 'node',
};

const lookup = lookupOf({
  'configmaps/settings': { color: 'blue', size: '4' },
  'secrets/login': { password: 'p4ss' },
});

const from = (name: string, valueFrom: object) => ({ env: [{ name, valueFrom }] });

describe('volumes', () => {
  const inputs = { facts, lookup, tokens: new Map([['api|600|token', 'jwt']]) };
  const texts = (volume: object) => {
    const result = volumeFiles({ name: 'v', ...volume }, inputs);
    return 'missing' in result
      ? result.missing
      : Object.fromEntries([...result.files].map(([k, f]) => [k, String(f.content)]));
  };

  it.each([
    ['a ConfigMap', { configMap: { name: 'settings' } }, { color: 'blue', size: '4' }],
    ['chosen keys', { configMap: { name: 'settings', items: [{ key: 'size', path: 'a/b' }] } }, { 'a/b': '4' }],
    ['a Secret', { secret: { secretName: 'login' } }, { password: 'p4ss' }],
    ['an optional one that is missing', { secret: { secretName: 'none', optional: true } }, {}],
    ['a missing one', { configMap: { name: 'none' } }, 'configmap "none" not found'],
    [
      'a missing key',
      { configMap: { name: 'settings', items: [{ key: 'no', path: 'no' }] } },
      'references non-existent configmap key: no',
    ],
    [
      'a projection',
      {
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token', audience: 'api', expirationSeconds: 600 } },
            { configMap: { name: 'settings', items: [{ key: 'color', path: 'color' }] } },
            { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
          ],
        },
      },
      { token: 'jwt', color: 'blue', ns: 'shop' },
    ],
  ])('%s', (_case, volume, expected) => expect(texts(volume)).toEqual(expected));

  it('every object that a pod names is found, wherever it is named', () => {
    const pod = aPod({
      spec: {
        initContainers: [aContainer({ envFrom: [{ secretRef: { name: 's1' } }] })],
        containers: [aContainer(from('A', { configMapKeyRef: { name: 'c1', key: 'k' } }))],
        volumes: [
          { name: 'a', secret: { secretName: 's2' } },
          { name: 'b', projected: { sources: [{ configMap: { name: 'c2' } }, { secret: { name: 's3' } }] } },
          { name: 'c', emptyDir: {} },
        ],
      },
    });
    expect(
      podReferences(pod)
        .map(({ kind, name }) => `${kind}/${name}`)
        .sort(),
    ).toEqual(['configmaps/c1', 'configmaps/c2', 'secrets/s1', 'secrets/s2', 'secrets/s3']);
  });
});

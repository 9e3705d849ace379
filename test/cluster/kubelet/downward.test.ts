import { describe, expect, it } from '@jest/globals';
import { readField, readResource } from './downward.ts';
import { aContainer, aPod } from './test-support.ts';

const facts = {
  pod: aPod({ metadata: { labels: { app: 'web', 'x/y': '1' }, annotations: { note: 'a "b"' } } }),
  podIP: '10.244.1.1',
  hostIP: '10.244.0.1',
  nodeName: 'node',
};

describe('the downward API', () => {
  it.each([
    ["metadata.labels['x/y']", '1'],
    ["metadata.annotations['none']", ''],
    ['metadata.labels', 'app="web"\nx/y="1"'],
    ['metadata.annotations', 'note="a \\"b\\""'],
    ['spec.nodeName', 'node'],
    ['spec.containers', undefined],
  ])('%s', (fieldPath, expected) => expect(readField({ fieldPath }, facts)).toBe(expected));

  it.each([
    [{ resource: 'limits.memory', divisor: '1Mi' }, '64'],
    [{ resource: 'limits.cpu' }, '1'],
    [{ resource: 'limits.cpu', divisor: '1m' }, '250'],
    [{ resource: 'requests.cpu', containerName: 'none' }, '0'],
  ])('resource %j is %s', (ref, expected) => {
    const container = aContainer({ resources: { limits: { memory: '64Mi', cpu: '250m' } } });
    expect(readResource(ref, [container], container)).toBe(expected);
  });
});

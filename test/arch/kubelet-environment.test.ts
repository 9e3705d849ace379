import { describe, expect, it } from '@jest/globals';
import { expandVariables, resolveEnv } from '../cluster/kubelet/container-env.ts';
import { readField, readResource } from '../cluster/kubelet/downward.ts';
import { commandLine, resolveImage } from '../cluster/kubelet/image.ts';
import type { Container } from '../cluster/kubelet/kube-types.ts';
import { podReferences } from '../cluster/kubelet/pod-references.ts';
import { parseQuantity } from '../cluster/kubelet/quantity.ts';
import { aContainer, aPod, lookupOf } from '../cluster/kubelet/test-support.ts';
import { volumeFiles } from '../cluster/kubelet/volume-files.ts';

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
const envOf = (container: Partial<Container>) =>
  resolveEnv({ facts, container: aContainer(container), lookup, base: { PATH: '/bin', POD_IP: '10.244.1.1' } });
const from = (name: string, valueFrom: object) => ({ env: [{ name, valueFrom }] });

describe('variables in commands and values', () => {
  it.each([
    ['a known name', '$(A)-x', '1-x'],
    ['an unknown name stays', '$(B)', '$(B)'],
    ['an escaped name', '$$(A)', '$(A)'],
    ['an escape before a value', '$$$(A)', '$1'],
    ['a lone dollar', 'cost: $5 $', 'cost: $5 $'],
    ['an unclosed bracket', '$(A', '$(A'],
  ])('%s', (_case, text, expected) => expect(expandVariables(text, { A: '1' })).toBe(expected));
});

describe('a container’s environment', () => {
  it('takes later entries over earlier ones and refers to what was defined before', () =>
    expect(
      envOf({
        envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'S_', secretRef: { name: 'login' } }],
        env: [
          { name: 'color', value: 'red' },
          { name: 'BOTH', value: '$(color)/$(S_password)/$(LATER)' },
          { name: 'LATER', value: 'x' },
          { name: 'PATH', value: '/opt:$(PATH)' },
        ],
      }),
    ).toEqual({
      env: {
        PATH: '/opt:/bin',
        POD_IP: '10.244.1.1',
        color: 'red',
        size: '4',
        S_password: 'p4ss',
        BOTH: 'red/p4ss/$(LATER)',
        LATER: 'x',
      },
    }));

  it.each([
    ['a ConfigMap’s key', { configMapKeyRef: { name: 'settings', key: 'size' } }, '4'],
    ['a Secret’s key', { secretKeyRef: { name: 'login', key: 'password' } }, 'p4ss'],
    ['a field', { fieldRef: { fieldPath: 'status.podIP' } }, '10.244.1.1'],
    ['a resource', { resourceFieldRef: { resource: 'limits.memory' } }, '0'],
    ['an optional key of a missing object', { configMapKeyRef: { name: 'none', key: 'a', optional: true } }, undefined],
    ['a missing optional key', { configMapKeyRef: { name: 'settings', key: 'none', optional: true } }, undefined],
  ])('%s', (_case, valueFrom, expected) => {
    const result = envOf(from('A', valueFrom));
    expect('env' in result && result.env['A']).toBe(expected);
  });

  it.each([
    [from('A', { configMapKeyRef: { name: 'none', key: 'a' } }), 'configmap "none" not found'],
    [from('A', { secretKeyRef: { name: 'none', key: 'a' } }), 'secret "none" not found'],
    [
      from('A', { configMapKeyRef: { name: 'settings', key: 'no' } }),
      "couldn't find key no in ConfigMap shop/settings",
    ],
    [from('A', { secretKeyRef: { name: 'login', key: 'no' } }), "couldn't find key no in Secret shop/login"],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
  ])('says what is missing: %#', (container, missing) => expect(envOf(container)).toEqual({ missing }));
});

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

describe('quantities', () => {
  it.each([
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['250m', 0.25],
    ['1e3', 1000],
    ['2E', 2e18],
    ['5', 5],
    ['much', undefined],
    ['5x', undefined],
  ])('%s', (text, expected) => expect(parseQuantity(text)).toBe(expected));
});

describe('images and command lines', () => {
  const line = (container: Partial<Container>) =>
    commandLine(resolveImage(container.image ?? 'sluice.test/app:v1'), aContainer(container), { A: '1' });

  it.each([
    ['sluice.test/app:v7', { kind: 'app', version: 'v7' }],
    ['sluice.test/app', { kind: 'app', version: 'latest' }],
    ['sluice.test/host:any', { kind: 'host' }],
    ['sluice.test:5000/app', { kind: 'absent' }],
    ['example.test/app:v1', { kind: 'absent' }],
  ])('%s', (reference, image) => expect(resolveImage(reference)).toEqual(image));

  it.each([
    ['the application by itself serves', {}, ['sluice-testapp', 'serve']],
    ['args replace what it does', { args: ['load', '--rps', '$(A)'] }, ['sluice-testapp', 'load', '--rps', '1']],
    ['a command replaces all', { command: ['sh', '-c', 'x'] }, ['sh', '-c', 'x']],
    ['the host runs its command', { image: 'sluice.test/host:x', command: ['a'], args: ['b'] }, ['a', 'b']],
    ['the host has none of its own', { image: 'sluice.test/host:x' }, []],
  ])('%s', (_case, container, expected) => expect(line(container)).toEqual(expected));
});

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

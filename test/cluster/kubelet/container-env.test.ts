import { describe, expect, it } from '@jest/globals';
import { expandVariables, resolveEnv } from './container-env.ts';
import type { Container } from './kube-types.ts';
import { aContainer, aPod, lookupOf } from './test-support.ts';

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

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { serviceAt, withServiceName } from './service-host.ts';

describe('serviceAt', () => {
  it.each([
    ['a bare name in the same namespace', 'web', 'shop', true],
    ['a bare name in another namespace', 'web', 'front', false],
    ['a name with its namespace', 'web.shop', 'front', true],
    ['a name with another namespace', 'web.front', 'shop', false],
    ['up to svc', 'web.shop.svc', 'front', true],
    ['with the usual cluster domain', 'web.shop.svc.cluster.local', 'front', true],
    ['with any cluster domain', 'web.shop.svc.k8s.acme.example', 'front', true],
    ['a public name that begins alike', 'web.shop.example.com', 'shop', false],
    ['another Service', 'web-canary', 'shop', false],
    ['a wildcard', '*', 'shop', false],
    ['nothing', '', 'shop', false],
  ])('%s', (_case, host, from, means) =>
    expect(isDeepStrictEqual(serviceAt(host, from), { namespace: 'shop', name: 'web' })).toBe(means),
  );
});

describe('withServiceName', () => {
  it.each([
    ['web', 'web-canary'],
    ['web.shop', 'web-canary.shop'],
    ['web.shop.svc.cluster.local', 'web-canary.shop.svc.cluster.local'],
  ])('%s becomes %s', (host, other) => expect(withServiceName(host, 'web-canary')).toBe(other));
});

import { describe, expect, it } from '@jest/globals';
import { canarySize } from '../core/release/size.ts';
import { refKey, type KubeObject, type Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Live, Target } from '../ports/traffic.ts';
import { kubernetes, readyShare } from './kubernetes.ts';
import { runner } from './runner.ts';

const apex = (spec: Service['spec']): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec,
});
const target: Target = {
  namespace: 'shop',
  workload: 'shop-web',
  apex: apex({ selector: { app: 'web' } }),
  canaryService: 'web-canary',
  release: { name: 'r', uid: 'u' },
};
const deployment = (name: string, ready?: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  ...(ready === undefined ? {} : { status: { readyReplicas: ready } }),
});
const live = (...objects: KubeObject[]): Live =>
  new Map(
    objects.map((o) => [refKey({ gvk: kinds.deployment, namespace: 'shop', name: o.metadata.name }), o] as const),
  );

const provider = runner('kubernetes', kubernetes);

describe('the share of ready pods', () => {
  it.each([
    ['no canary pod, no share', 3, 0, 0],
    ['a single pod shows, however many others there are', 500, 1, 1],
    ['one of four', 3, 1, 25],
    ['all there is', 0, 2, 100],
  ])('%s', (_case, stable, canary, share) => expect(readyShare(stable, canary)).toBe(share));

  it.each([1, 5, 10, 20, 33, 50, 75])('of a canary sized for %d %% of a hundred pods is that', (weight) =>
    expect(Math.abs(readyShare(100, canarySize(100, weight, 'replicas')) - weight)).toBeLessThanOrEqual(1),
  );
});

describe('the kubernetes provider', () => {
  it.each([
    ['both Deployments', live(deployment('shop-web', 9), deployment('shop-web-canary', 1)), { weight: 10 }],
    ['a canary that is not ready', live(deployment('shop-web', 9), deployment('shop-web-canary')), { weight: 0 }],
    ['no canary', live(deployment('shop-web', 9)), { weight: 0 }],
    ['no workload', live(deployment('shop-web-canary', 1)), 'unknown'],
  ])('reads the split from %s', (_case, objects, split) => expect(provider.observe(target, objects)).toEqual(split));

  it('is shown the workload and its canary, and nothing else', () => {
    const all = live(deployment('shop-web'), deployment('shop-web-canary'), deployment('web'));
    const shown = provider.shown(target, { serves: () => true, get: (ref) => all.get(refKey(ref)), about: () => [] });
    expect([...shown.values()].map(({ metadata }) => metadata.name)).toEqual(['shop-web', 'shop-web-canary']);
  });

  it.each([
    ['leads out of the cluster', { type: 'ExternalName' }, ['Service/web spec.type']],
    ['has no selector', {}, ['Service/web spec.selector']],
    ['is plain', { selector: { app: 'web' } }, []],
  ])('has something to say about an apex that %s, or not', (_case, spec, fields) =>
    expect(provider.check({ ...target, apex: apex(spec) }, live()).map(({ field }) => field)).toEqual(fields),
  );
});

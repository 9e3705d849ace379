import { describe, expect, it } from '@jest/globals';
import { refKey, type Json, type KubeObject } from '../values/kube-object.ts';
import { percent } from '../values/percent.ts';
import { sentence } from '../values/problem.ts';
import type { Live, Target } from '../ports/traffic.ts';
import { memory, memoryRoutes } from './memory.ts';

const target: Target = {
  namespace: 'shop',
  workload: 'web',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' } },
  },
  canaryService: 'web-canary',
  release: { name: 'r', uid: 'u' },
};

const live = (name: string, ...to: readonly Json[]): Live => {
  const route: KubeObject = {
    apiVersion: 'memory.sluice.dev/v1',
    kind: 'Route',
    metadata: { name, namespace: 'shop' },
    spec: { to },
  };
  return new Map([[refKey({ gvk: memoryRoutes.gvk, namespace: 'shop', name }), route]]);
};
const web = (weight: number): Json => ({ service: 'web', weight });
const cart: Json = { service: 'cart', weight: 80 };

describe('weights that a list can express', () => {
  it.each([
    ['an only destination can express all', [web(1)], [1, 5, 50, 99], []],
    ['a hundred units can', [web(100), cart], [1, 33, 99, 100], []],
    ['twenty can express fives', [web(20), cart], [5, 20, 50, 100], []],
    ['but not one percent', [web(20), cart], [1, 5], [1]],
    ['nor ninety-nine', [web(20), cart], [50, 99], [99]],
    ['a single unit can only be all or nothing', [web(1), cart], [50, 100], [50]],
    ['without a plan it has to be able to express a half', [web(1), cart], [], [50]],
    ['no unit at all is another problem', [web(0), cart], [1], []],
  ])('%s', (_case, to, weights, tooFine) => {
    const found = memory
      .check(
        target,
        live('shop', ...to),
        weights.map((weight) => ({ weight: percent(weight) })),
      )
      .map(({ rule }) => rule);
    const coarse = found.filter((rule) => rule.includes('too small'));
    expect(coarse).toHaveLength(tooFine.length === 0 ? 0 : 1);
    for (const weight of tooFine) expect(coarse[0]).toContain(`${weight} %`);
  });
});

describe('what a person is told', () => {
  it.each([
    [
      'a list that is too coarse',
      live('shop', web(20), cart),
      'Route/shop spec.to "20": is the weight to be split there, too small for 1 %. Multiply all weights of the rule by 5, which means the same and can be split.',
    ],
    [
      'a destination of the canary',
      live('shop', web(100), { service: 'web-canary', weight: 5 }),
      'Route/shop spec.to "web-canary": already sends to web-canary, the Service that Sluice makes for a canary. Take that destination out of the rule; Sluice adds it while a release is running.',
    ],
    [
      'a weight that is no whole number',
      live('shop', { service: 'web', weight: '500m' }, { service: 'cart' }),
      'Route/shop spec.to "["500m",null]": has a weight that is not a whole number from 0. Write its weights as whole numbers.',
    ],
    [
      'a route without weight for the apex',
      live('shop', web(0), cart),
      'Route/shop: gives the Service web no weight, so there is no traffic to split. Give web a weight, or remove it from the route so that Sluice makes one of its own.',
    ],
    [
      'a route that has the name',
      live('web', cart),
      'Route/web: has the name that the route for the Service web would need, but sends nothing to that Service. Rename it, or let one of its rules send to web.',
    ],
  ])('about %s', (_case, routes, told) =>
    expect(memory.check(target, routes, [{ weight: percent(1) }]).map(sentence)).toEqual([told]),
  );
});

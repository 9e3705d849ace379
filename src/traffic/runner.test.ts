import { describe, expect, it } from '@jest/globals';
import { apiVersionOf, gvk, refKey, type KubeObject } from '../values/kube-object.ts';
import { percent } from '../values/percent.ts';
import type { Split } from '../values/split.ts';
import type { Change, Live, Target, TrafficProvider } from '../ports/traffic.ts';
import { afterChanges } from './changes.ts';
import { memoryRoutes } from './memory.ts';
import { runner } from './runner.ts';
import { owned, routed } from './uses.ts';
import { madeRoute } from './weighted-provider.ts';

const copies = gvk('memory.sluice.dev/v1', 'Copies', 'copies');
const target: Target = {
  namespace: 'shop',
  workload: 'web',
  apex: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: {} },
  canaryService: 'web-canary',
  release: { name: 'web-2', uid: 'u' },
};

/** A route, and one object more where requests are copied. */
const provider: TrafficProvider = {
  can: { splits: 'route', features: new Set(['weight', 'mirror']), granularity: 1 },
  uses: [owned(copies, ['mirror']), routed(memoryRoutes)],
  doubts: 'none',
  signs: () => [],
  preflight: () => [],
  own: (_target, split, adopted) => [
    ...(split.mirror === undefined
      ? []
      : [
          {
            apiVersion: apiVersionOf(copies),
            kind: 'Copies',
            metadata: { name: 'web-canary' },
            spec: { percent: split.mirror },
          },
        ]),
    ...(adopted.length > 0 ? [] : [madeRoute(memoryRoutes, target, split, { spec: { to: [{ service: 'web' }] } })]),
  ],
};
const at = runner('doubled', provider);

const weight: Split = { weight: percent(20) };
const mirrored: Split = { weight: percent(20), mirror: percent(50) };
const none: Live = new Map();
const route: KubeObject = {
  apiVersion: 'memory.sluice.dev/v1',
  kind: 'Route',
  metadata: { name: 'front', namespace: 'shop' },
  spec: { to: [{ service: 'web' }] },
};
const routes: Live = new Map([[refKey({ gvk: memoryRoutes.gvk, namespace: 'shop', name: 'front' }), route]]);

const steps = (changes: readonly Change[]): readonly string[] =>
  changes.map(({ op, ref }) => `${op} ${ref.gvk.kind}/${ref.name}`);
const split = (live: Live, wanted: Split): Live => afterChanges(live, at.render(target, wanted, live));

describe('the changes of a provider with two kinds', () => {
  it.each<[string, Live, Split, readonly string[]]>([
    ['what a route leads to is made before it', none, mirrored, ['create Copies/web-canary', 'create Route/web']],
    [
      'and before it is put into one of the user',
      routes,
      mirrored,
      ['create Copies/web-canary', 'replace Route/front'],
    ],
    ['what a split does not need is not made', none, weight, ['create Route/web']],
    [
      'what it needs no more goes after the rest',
      split(routes, mirrored),
      weight,
      ['replace Route/front', 'remove Copies/web-canary'],
    ],
    ['nothing is made where nothing is split', none, { weight: percent(0) }, []],
    ['what is there stays as it is', split(none, mirrored), mirrored, []],
  ])('%s', (_case, live, wanted, changes) => expect(steps(at.render(target, wanted, live))).toEqual(changes));

  it('that take everything back leave what they found', () => {
    const during = split(routes, mirrored);
    expect(steps(at.restore(target, during))).toEqual(['replace Route/front', 'remove Copies/web-canary']);
    expect([...afterChanges(during, at.restore(target, during)).values()]).toEqual([route]);
  });
});

describe('what routes say', () => {
  it('is unknown where two of them say different things', () => {
    const other = { ...route, metadata: { name: 'back', namespace: 'shop' } };
    const key = refKey({ gvk: memoryRoutes.gvk, namespace: 'shop', name: 'back' });
    expect(at.observe(target, new Map([...split(routes, weight), [key, other]]))).toBe('unknown');
    expect(at.observe(target, split(routes, weight))).toEqual(weight);
  });

  it('is told by the format alone, which carries the whole split', () => {
    const [carried] = memoryRoutes.read([...split(routes, mirrored).values()][0]!);
    expect(carried).toEqual({ apex: 'web', canaryService: 'web-canary', split: mirrored, release: 'web-2' });
  });
});

describe('a provider', () => {
  it('that wants what it does not own is a bug', () => {
    const greedy = runner('greedy', { ...provider, uses: [routed(memoryRoutes)] });
    expect(() => greedy.render(target, mirrored, none)).toThrow('wants a Copies to exist');
  });

  it('that wants a name it may not have is one, too', () => {
    const stray = runner('stray', {
      ...provider,
      own: () => [{ apiVersion: 'memory.sluice.dev/v1', kind: 'Copies', metadata: { name: 'other' } }],
    });
    expect(() => stray.render(target, mirrored, none)).toThrow('it may be named web or web-canary');
  });

  it('is shown nothing of kinds that are not served', () => {
    const view = { serves: () => false, get: () => route, about: () => [route] };
    expect(at.shown(target, view).size).toBe(0);
  });
});

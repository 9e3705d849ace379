/** Whose traffic the rules of a VirtualService are about where one Service stands in front of several workloads. */
import { describe, expect, it } from '@jest/globals';
import { gvk, refKey, type Json, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { percent } from '../values/percent.ts';
import type { Behind } from '../values/behind.ts';
import type { Live, Target } from '../ports/traffic.ts';
import { afterChanges } from './changes.ts';
import { istio } from './istio.ts';
import { runner } from './runner.ts';

const labelled = (track: string): Behind['labels'] => ({ app: 'web', track });
const other = (track: string, replicas = 2): Behind['others'][number] => ({
  name: `web-${track}`,
  labels: labelled(track),
  replicas,
  ready: replicas,
});

/** web-public, and web-admin behind the same Service. */
const behind: Behind = { labels: labelled('public'), selector: labelled('public'), others: [other('admin')] };

const targetWith = (of: Partial<Behind> = {}): Target => ({
  namespace: 'shop',
  workload: 'web-public',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' } },
  },
  canaryService: 'web-canary',
  release: { name: 'web-public-2', uid: 'u' },
  behind: { ...behind, ...of },
});

const object = (kind: string, name: string, spec: JsonObject, namespace = 'shop'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
});

type Subsets = Readonly<Record<string, JsonObject>>;

const rule = (subsets: Subsets, { name = 'web', namespace = 'shop', ...spec }: Record<string, Json> = {}): KubeObject =>
  object(
    'DestinationRule',
    name as string,
    {
      host: 'web',
      subsets: Object.entries(subsets).map(([subset, labels]) => ({ name: subset, labels })),
      ...spec,
    },
    namespace as string,
  );

const to = (subset: string | undefined, weight?: number): JsonObject => ({
  destination: { host: 'web', ...(subset === undefined ? {} : { subset }) },
  ...(weight === undefined ? {} : { weight }),
});

/** A rule of the route for each list. */
const route = (...lists: readonly (readonly JsonObject[])[]): KubeObject =>
  object('VirtualService', 'web', {
    hosts: ['web'],
    http: lists.map((list, index) => ({ match: [{ uri: { prefix: `/${index}` } }], route: list })),
  });

const liveOf = (...objects: readonly KubeObject[]): Live =>
  new Map(
    objects.map((one) => {
      const { name, namespace = '' } = one.metadata;
      return [refKey({ gvk: gvk(one.apiVersion, one.kind, ''), namespace, name }), one];
    }),
  );

const provider = runner('istio', istio);

/** What each rule gives to whom at 20 %. */
const splitIn = (target: Target, live: Live): readonly string[] => {
  const after = afterChanges(live, provider.render(target, { weight: percent(20) }, live));
  const found = [...after.values()].find(({ kind }) => kind === 'VirtualService');
  const rules = (found?.spec?.['http'] ?? []) as unknown as readonly {
    readonly route: readonly {
      readonly weight?: number;
      readonly destination: { readonly host: string; readonly subset?: string };
    }[];
  }[];
  return rules.map((one) =>
    one.route.map(({ weight = 100, destination: { host, subset } }) => `${subset ?? host} ${weight}`).join(', '),
  );
};

const problems = (target: Target, live: Live): readonly string[] =>
  provider
    .check(target, live, [{ weight: percent(20) }])
    .map(({ field, value, rule: why }) => `${field} ${value ?? ''}: ${why}`);

const tracks: Subsets = { admin: { track: 'admin' }, public: { track: 'public' } };

describe('two Deployments behind one Service', () => {
  it('F3: rules for the subset of another Deployment are left alone, and the workload’s own are split', () => {
    const live = liveOf(route([to('admin')], [to('public')]), rule(tracks));
    expect(splitIn(targetWith(), live)).toEqual(['admin 100', 'public 80, web-canary 20']);
    expect(problems(targetWith(), live)).toEqual([]);
  });

  it('F3: in one rule for both, only the workload’s own share is split', () => {
    const live = liveOf(route([to('admin', 50), to('public', 50)]), rule(tracks));
    expect(splitIn(targetWith(), live)).toEqual(['admin 50, public 40, web-canary 10']);
  });

  it('R1: a version that is dark for all but one user gets a canary for that user alone', () => {
    const v = (version: string): Behind['labels'] => ({ app: 'reviews', version });
    const of = { labels: v('v3'), selector: v('v3'), others: [{ ...other('v1'), labels: v('v1') }] };
    const live = liveOf(
      route([to('v3')], [to('v1')]),
      rule({ v1: { version: 'v1' }, v2: { version: 'v2' }, v3: { version: 'v3' } }),
    );
    expect(splitIn(targetWith(of), live)).toEqual(['v3 80, web-canary 20', 'v1 100']);
    expect(problems(targetWith(of), live)).toEqual([]);
  });

  it('R1: a version that gets no traffic at all is told so, and nothing is split', () => {
    const live = liveOf(route([to('admin')]), rule(tracks));
    expect(splitIn(targetWith(), live)).toEqual(['admin 100']);
    expect(problems(targetWith(), live)).toEqual([
      expect.stringContaining("only by subsets that do not select this workload's pods"),
    ]);
  });
});

describe('whose a subset is', () => {
  const own = (target: Target, ...rules: readonly KubeObject[]): boolean =>
    splitIn(target, liveOf(route([to('s')]), ...rules))[0]?.includes('web-canary') === true;
  const bySelector = { app: 'web-public' };

  it.each<[string, JsonObject, Partial<Behind>, boolean]>([
    ['all pods of the Service', {}, {}, true],
    ['labels that every pod behind the Service has', { app: 'web' }, {}, true],
    ['the workload’s own label', { track: 'public' }, {}, true],
    ['another value of what the Deployment selects by', { track: 'admin' }, { others: [] }, false],
    [
      'a label that is not selected by, and is another Deployment’s',
      { track: 'admin' },
      { selector: bySelector },
      false,
    ],
    ['a label that is not selected by, and is its own', { track: 'public' }, { selector: bySelector }, true],
  ])('F3: %s', (_case, labels, of, is) => {
    expect(own(targetWith(of), rule({ s: labels }))).toBe(is);
  });

  it.each<[string, readonly KubeObject[], boolean]>([
    ['in the short form', [rule({ s: { track: 'public' } })], true],
    ['by its full name', [rule({ s: { track: 'public' } }, { host: 'web.shop.svc.cluster.local' })], true],
    ['by a wildcard', [rule({ s: { track: 'public' } }, { host: '*.shop.svc.cluster.local' })], true],
    [
      'in several DestinationRules together',
      [rule({ t: { track: 'admin' } }), rule({ s: { track: 'public' } }, { name: 'more' })],
      true,
    ],
    [
      'in the namespace of the mesh',
      [rule({ s: { track: 'public' } }, { namespace: 'istio-system', host: 'web.shop.svc.cluster.local' })],
      true,
    ],
    [
      'in another namespace, for that alone',
      [rule({ s: { track: 'public' } }, { namespace: 'front', host: 'web.shop.svc.cluster.local', exportTo: ['.'] })],
      false,
    ],
    [
      'in its own namespace before others',
      [
        rule({ s: { track: 'admin' } }),
        rule({ s: { track: 'public' } }, { namespace: 'front', host: 'web.shop.svc.cluster.local' }),
      ],
      false,
    ],
    [
      'for its host before wildcards',
      [
        rule({ s: { track: 'admin' } }),
        rule({ s: { track: 'public' } }, { name: 'all', host: '*.shop.svc.cluster.local' }),
      ],
      false,
    ],
  ])('F3: defined %s', (_case, rules, is) => expect(own(targetWith(), ...rules)).toBe(is));
});

describe('what cannot be told', () => {
  it.each<[string, Behind['labels'], readonly KubeObject[]]>([
    ['no DestinationRule defines the subset', labelled('public'), [rule({ t: { track: 'public' } })]],
    ['there is no DestinationRule that can be read', labelled('public'), []],
    ['nobody’s pods have its labels', { app: 'web' }, [rule({ s: { track: 'v7' } })]],
    [
      'two DestinationRules say two things',
      { app: 'web', track: 'public' },
      [rule({ s: { track: 'public' } }), rule({ s: { track: 'admin' } }, { name: 'more' })],
    ],
  ])('F3: %s: said before the start, and nothing is split', (_case, labels, rules) => {
    const target = targetWith({ labels, selector: { app: 'web' } });
    const live = liveOf(route([to(undefined)], [to('s')]), ...rules);
    expect(problems(target, live)).toEqual([
      expect.stringMatching(/^VirtualService\/web spec.http\[1\]\.route s: names a subset/),
    ]);
    expect(splitIn(target, live)[1]).toBe('s 100');
  });

  it('F3: a subset that gets no weight is nobody’s business', () =>
    expect(problems(targetWith(), liveOf(route([to('public', 100), to('old', 0)]), rule(tracks)))).toEqual([]));

  it('F3: what is split stays split when the DestinationRule goes in the middle', () => {
    const before = liveOf(route([to('admin')], [to('public')]), rule(tracks));
    const during = afterChanges(before, provider.render(targetWith(), { weight: percent(10) }, before));
    const without = new Map([...during].filter(([, { kind }]) => kind === 'VirtualService'));
    expect(splitIn(targetWith(), without)).toEqual(['admin 100', 'public 80, web-canary 20']);
  });

  it('F3: a split that an earlier version put into another workload’s rule comes out again', () => {
    const both = [
      { ...to('admin'), weight: 80 },
      { destination: { host: 'web-canary' }, weight: 20 },
    ];
    const live = liveOf(route(both, [to('public')]), rule(tracks));
    expect(splitIn(targetWith(), live)).toEqual(['admin 100', 'public 80, web-canary 20']);
    const after = afterChanges(live, provider.restore(targetWith(), live));
    expect([...after.values()][0]?.spec).toEqual(route([to('admin', 100)], [to('public')]).spec);
  });
});

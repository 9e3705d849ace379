/** Routes that decide on the traffic of an apex and cannot be split: said before a release starts. */
import { describe, expect, it } from '@jest/globals';
import { gvk, refKey, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import type { Live, Target, TrafficRunner } from '../ports/traffic.ts';
import { percent } from '../values/percent.ts';
import { splitAnnotation } from '../schema/annotations.ts';
import { afterChanges } from './changes.ts';
import { trafficRunners } from './index.ts';

const target: Target = {
  namespace: 'shop',
  workload: 'web',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' }, clusterIP: '10.0.0.1' },
  },
  canaryService: 'web-canary',
  release: { name: 'web-2', uid: 'u' },
  behind: { labels: { app: 'web' }, selector: { app: 'web' }, others: [] },
};

const liveOf = (objects: readonly KubeObject[]): Live =>
  new Map(
    objects.map((object) => {
      const { name, namespace = '' } = object.metadata;
      return [refKey({ gvk: gvk(object.apiVersion, object.kind, ''), namespace, name }), object];
    }),
  );

const problemsIn = (provider: TrafficRunner, objects: readonly KubeObject[]): readonly string[] =>
  provider.check(target, liveOf(objects)).map(({ field, rule }) => `${field}: ${rule}`);

const route = (name: string, spec: JsonObject, namespace = 'shop'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace },
  spec,
});

const sends = (host: string): JsonObject => ({ route: [{ destination: { host } }] });
const http = (...rules: readonly JsonObject[]): JsonObject => ({ http: rules });
const full = 'web.shop.svc.cluster.local';
const front = (hosts: readonly string[], rest: JsonObject): KubeObject => route('front', { hosts, ...rest });
const elsewhere = (spec: JsonObject): KubeObject => route('front', spec, 'edge');

const away = http({ redirect: { uri: '/x' } });

const noEffect = 'sends none of them to it';
const unsplit = 'only routes in the namespace of the workload are split';

describe('a VirtualService', () => {
  const istio = trafficRunners['istio']!;

  it.each<[string, readonly KubeObject[], string]>([
    ['sends to another Service', [front(['web'], http(sends('web-blue')))], noEffect],
    ['redirects', [front(['web'], http({ redirect: { uri: '/x' } }))], noEffect],
    ['answers by itself', [front(['web'], http({ directResponse: { status: 503 } }))], noEffect],
    ['only mirrors to the apex', [front(['web'], http({ ...sends('web-blue'), mirror: { host: 'web' } }))], noEffect],
    ['has no rules', [front(['web'], {})], noEffect],
    ['by the full name', [front([full], http(sends('web-blue')))], noEffect],
    ['by name and namespace', [front(['web.shop'], http(sends('web-blue')))], noEffect],
    ['by a wildcard of the namespace', [front(['*.shop.svc.cluster.local'], http(sends('web-blue')))], noEffect],
    ['by a wildcard of the cluster', [front(['*.cluster.local'], http(sends('web-blue')))], noEffect],
    ['beside other hosts', [front(['shop.example.com', 'web'], http(sends('web-blue')))], noEffect],
    ['for the mesh by name', [front(['web'], { gateways: ['public', 'mesh'], ...http(sends('web-blue')) })], noEffect],
    [
      'hands over to another one elsewhere',
      [front(['web'], http({ delegate: { name: 'leaf', namespace: 'x' } }))],
      noEffect,
    ],
    ['in another namespace', [elsewhere({ hosts: [full], ...http(sends('web-blue')) })], noEffect],
    ['in another namespace, to the apex', [elsewhere({ hosts: [full], ...http(sends(full)) })], unsplit],
    [
      'beside one that is split for the same callers',
      [front(['web'], http(sends('web-blue'))), route('web', { hosts: ['web'], ...http(sends('web')) })],
      noEffect,
    ],
  ])('R3: that owns the host and %s keeps a release from starting', (_case, objects, words) => {
    const found = problemsIn(istio, objects);
    expect(found).toEqual([expect.stringContaining(words)]);
    expect(found[0]).toMatch(
      /^VirtualService\/front( in namespace edge)?: decides on the requests for the Service web/,
    );
  });

  it.each<[string, readonly KubeObject[]]>([
    ['sends to the apex', [front(['web'], http({ redirect: { uri: '/x' } }, sends('web')))]],
    ['is for a gateway only', [front(['web'], { gateways: ['public'], ...http(sends('web-blue')) })]],
    ['has another host', [front(['web.example.com', 'cart', 'web.other'], http(sends('web-blue')))]],
    ['is for another namespace only', [elsewhere({ hosts: [full], exportTo: ['.'], ...http(sends('web-blue')) })]],
    ['means the short name in another namespace', [elsewhere({ hosts: ['web'], ...http(sends('web-blue')) })]],
    [
      'hands over to a leaf that sends to the apex (O4)',
      [front(['web'], http({ delegate: { name: 'leaf' } })), route('leaf', http(sends('web')))],
    ],
    [
      'is a wildcard beside one that is split',
      [
        front(['*.shop.svc.cluster.local'], http(sends('old'))),
        route('web', { hosts: ['web'], ...http(sends('web')) }),
      ],
    ],
    [
      'takes nothing from callers of a gateway that are split',
      [
        front(['web'], http(sends('old'))),
        route('web', { hosts: ['x.io'], gateways: ['public'], ...http(sends('web')) }),
      ],
    ],
  ])('R3: that %s is in nobody’s way', (_case, objects) => expect(problemsIn(istio, objects)).toEqual([]));
});

describe('callers that the routes of the user do not decide for', () => {
  const istio = trafficRunners['istio']!;
  const gateway = (name: string): KubeObject =>
    route(name, { hosts: ['*'], gateways: ['public'], ...http(sends('web')) });
  const made = (who: Target, ...objects: readonly KubeObject[]): readonly string[] =>
    istio
      .render(who, { weight: percent(20) }, liveOf(objects))
      .flatMap(({ op, ref }) => (op === 'create' ? [ref.name] : []));
  const shared = { ...target.behind!, others: [{ name: 'web-2', labels: { app: 'web' }, replicas: 1, ready: 1 }] };

  it.each<[string, Target, readonly KubeObject[], readonly string[]]>([
    ['a gateway’s route is split, and one is made for the calls of the mesh', target, [gateway('shop')], ['web']],
    ['which has the other name where the apex’s is taken', target, [gateway('web')], ['web-canary']],
    [
      'and none where the user has one',
      target,
      [gateway('shop'), route('x', { hosts: ['web'], ...http(sends('web')) })],
      [],
    ],
    ['nor where the user’s sends the calls of the mesh elsewhere', target, [gateway('shop'), front(['web'], away)], []],
    ['nor where it would split the calls of other workloads', { ...target, behind: shared }, [gateway('shop')], []],
  ])('R11: %s', (_case, who, objects, names) => expect(made(who, ...objects)).toEqual(names));

  it('R11: the split is not in place while the one that is made is missing', () => {
    const before = liveOf([gateway('web')]);
    const during = afterChanges(before, istio.render(target, { weight: percent(20) }, before));
    expect(istio.observe(target, during)).toEqual({ weight: 20 });
    const without = new Map([...during].filter(([, { metadata }]) => metadata.name === 'web'));
    expect(istio.observe(target, without)).toBe('unknown');
    expect([...afterChanges(during, istio.restore(target, during)).values()]).toEqual([gateway('web')]);
  });
});

describe('a VirtualService that is nested many thousand levels deep', () => {
  const nested = Array.from({ length: 50_000 }).reduce<JsonObject>((inner) => ({ a: inner }), {});
  const deep = front(['web'], http({ ...sends('web'), nested }));

  it('keeps a release from starting, and is left alone', () => {
    const istio = trafficRunners['istio']!;
    expect(problemsIn(istio, [deep])).toEqual([expect.stringContaining('is nested too deep to be read')]);
    expect(istio.restore(target, liveOf([deep]))).toEqual([]);
    expect(istio.observe(target, liveOf([deep]))).toEqual({ weight: 0 });
  });

  it('keeps what it remembers when it came to be so in the middle of a release', () => {
    const annotations = { [splitAnnotation]: '{"services":{"web":{"split":{"weight":5}}}}' };
    const during = { ...deep, metadata: { ...deep.metadata, annotations } };
    expect(trafficRunners['istio']!.restore(target, liveOf([during]))).toEqual([]);
  });
});

describe.each(['smi', 'linkerd'])('a TrafficSplit, for %s,', (name) => {
  const provider = trafficRunners[name]!;
  const split = (
    service: string,
    backends: readonly string[],
    version = 'v1alpha2',
    namespace = 'shop',
  ): KubeObject => ({
    apiVersion: `split.smi-spec.io/${version}`,
    kind: 'TrafficSplit',
    metadata: { name: 'front', namespace },
    spec: { service, backends: backends.map((one) => ({ service: one, weight: 50 })) },
  });

  it.each<[string, KubeObject]>([
    ['spreads it over two others', split('web', ['web-stable', 'web-blue'])],
    ['is of an older version', split('web', ['web-stable', 'web-blue'], 'v1alpha1')],
    ['is of a later version', split('web', ['web-stable', 'web-blue'], 'v1alpha4')],
    ['has the root by its full name', split(full, ['web-stable'])],
    ['has no backends', split('web', [])],
    ['is in another namespace', split(full, ['web-stable'], 'v1alpha2', 'edge')],
  ])('R3: that owns the root and %s keeps a release from starting', (_case, object) =>
    expect(problemsIn(provider, [object])).toEqual([expect.stringContaining(noEffect)]),
  );

  it.each<[string, KubeObject]>([
    ['spreads the root over itself and others', split('web', ['web', 'web-blue'])],
    ['has another root', split('cart', ['web'])],
    ['has the same root in another namespace', split('web', ['web-blue'], 'v1alpha2', 'edge')],
  ])('R3: that %s is in nobody’s way', (_case, object) => expect(problemsIn(provider, [object])).toEqual([]));
});

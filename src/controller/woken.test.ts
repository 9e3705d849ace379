import { describe, expect, test } from '@jest/globals';
import { aDeployment } from '../../test/support/a-deployment.ts';
import { countedCluster } from '../../test/support/counted-cluster.ts';
import { gvk, kindOf, type KubeObject } from '../values/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { memory, memoryRoutes } from '../traffic/memory.ts';
import { owned, seen } from '../traffic/uses.ts';
import { releaseIndex } from './release-index.ts';
import { wokenBy, wokenByEnd } from './woken.ts';

const settings = gvk('memory.sluice.dev/v1', 'Settings', 'settings');
const mirrors = gvk('memory.sluice.dev/v1', 'Mirror', 'mirrors');

const aRelease = (workload: string, status?: object, service?: string): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name: `${workload}-2`, namespace: 'shop' },
  spec: {
    workload: { kind: 'Deployment', name: workload, uid: '1' },
    policy: service === undefined ? {} : { service },
  },
  ...(status === undefined ? {} : { status: status as NonNullable<KubeObject['status']> }),
});
const onService = (service: string): object => ({ phase: 'Progressing', service });

const aWorkload = (name: string): KubeObject => {
  const { spec, ...rest } = aDeployment({ template: { metadata: { labels: { app: name } } } });
  return { ...rest, metadata: { ...rest.metadata, name }, spec };
};
const aService = (name: string, app = name): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app } },
});
const aRoute = (name: string, ...to: readonly string[]): KubeObject => ({
  apiVersion: 'memory.sluice.dev/v1',
  kind: 'Route',
  metadata: { name, namespace: 'shop' },
  spec: { to: to.map((service) => ({ service, weight: 1 })) },
});
const beside = (kind: string, name: string): KubeObject => ({
  apiVersion: 'memory.sluice.dev/v1',
  kind,
  metadata: { name, namespace: 'shop' },
});

const world: readonly KubeObject[] = [
  ...['web', 'api', 'new', 'named'].map(aWorkload),
  ...['web', 'api', 'new'].map((name) => aService(name)),
  aRelease('web', onService('web')),
  aRelease('api', onService('api')),
  aRelease('done', { phase: 'Aborted', service: 'web' }),
  aRelease('new'),
  aRelease('named', { phase: 'Pending' }, 'wanted'),
];

const depsOf = (objects: readonly KubeObject[]) => {
  const cluster = countedCluster(objects);
  const provider = { ...memory, uses: [...memory.uses, owned(settings), seen(mirrors)] };
  const traffic = { providers: { memory: provider }, formats: [memoryRoutes] } as never;
  return { cluster, traffic, index: releaseIndex(cluster, [memoryRoutes]) };
};

const change = (object: KubeObject, before?: KubeObject, type: ClusterChange['type'] = 'set'): ClusterChange => ({
  type,
  gvk: { ...kindOf(object), version: '', plural: '', namespaced: true },
  object,
  ...(before === undefined ? {} : { before }),
});

const woken = (about: ClusterChange): readonly string[] =>
  [...new Set(wokenBy(depsOf(world), about).map(({ spec }) => spec.workload.name))].sort();

describe('a change wakes', () => {
  test.each<[string, ClusterChange, readonly string[]]>([
    ['of a route, those about its Services', change(aRoute('front', 'web', 'cart')), ['web']],
    ['of a route that is about none, nobody', change(aRoute('front', 'cart')), []],
    [
      'of a route that sends there no more, those it was about',
      change(aRoute('front'), aRoute('front', 'api')),
      ['api'],
    ],
    ['of a route that goes, those it was about', change(aRoute('front', 'api'), undefined, 'removed'), ['api']],
    ['of a route to a Service whose release has not begun, that one', change(aRoute('front', 'new')), ['new']],
    ['of a route whose name a release that has not begun may need, that one', change(aRoute('new', 'cart')), ['new']],
    ['of a route that has the name of a Service under way, nobody else', change(aRoute('web', 'cart')), []],
    ['of a Service, those that split it', change(aService('web')), ['web']],
    [
      'of a Service that selects the pods of one that has not begun, that one',
      change(aService('other', 'new')),
      ['new'],
    ],
    [
      'of a Service that selected them before, too',
      change(aService('other', 'gone'), aService('other', 'new')),
      ['new'],
    ],
    ['of a Service that a policy names, whatever it selects', change(aService('wanted', 'cart')), ['named']],
    ['of a Service in the place of a canary’s, who may need it', change(aService('new-canary', 'cart')), ['new']],
    [
      'of a Service in the place of one whose name is cut off, all that have not begun',
      change(aService(`${'x'.repeat(56)}-canary`, 'cart')),
      ['named', 'new'],
    ],
    ['of a Service that is none of theirs, nobody', change(aService('cart')), []],
    ['of what stands beside routes, who may need its name', change(beside('Settings', 'new-canary')), ['new']],
    ['of what is only looked at, everybody under way', change(beside('Mirror', 'x')), ['api', 'named', 'new', 'web']],
    [
      'of what is about all, everybody under way',
      change({ ...beside('CanaryPolicy', 'careful'), apiVersion: 'sluice.dev/v1alpha1' }),
      ['api', 'named', 'new', 'web'],
    ],
    [
      'in another namespace, nobody',
      change({ ...aRoute('front', 'web'), metadata: { name: 'front', namespace: 'elsewhere' } }),
      [],
    ],
  ])('%s', (_case, about, names) => expect(woken(about)).toEqual(names));
});

describe('the end of a release wakes', () => {
  const ended = change(aRelease('old', { phase: 'Succeeded', service: 'new' }));

  test('those that have waited for its Service', () =>
    expect(wokenByEnd(depsOf(world), ended, 'new').map(({ spec }) => spec.workload.name)).toEqual(['new']));

  test('all that wait, where its Service is not known any more', () =>
    expect(wokenByEnd(depsOf(world), ended, undefined).map(({ spec }) => spec.workload.name)).toEqual([
      'new',
      'named',
    ]));
});

test('finding one of a thousand reads as much as finding one of one', () => {
  const many = (count: number): readonly KubeObject[] =>
    Array.from({ length: count }, (_, i) => `web-${i}`).flatMap((name) => [
      aWorkload(name),
      aService(name),
      aRoute(name, name),
      aRelease(name, onService(name)),
    ]);
  const readsFor = (count: number): readonly [names: readonly string[], reads: number] => {
    const deps = depsOf(many(count));
    deps.cluster.reads();
    const found = wokenBy(deps, change(aRoute('web-0', 'web-0'))).map(({ spec }) => spec.workload.name);
    return [found, deps.cluster.reads()];
  };
  expect(readsFor(1000)).toEqual([['web-0'], readsFor(1)[1]]);
});

describe('endpoints of a Service in front of several workloads', () => {
  const slice = (...ready: readonly string[]): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    ...({
      endpoints: ['web-1a-aaaaa', 'web-1a-bbbbb', 'web-old-2b-ccccc'].map((name, index) => ({
        addresses: [`10.0.0.${index}`],
        conditions: { ready: ready.includes(name) },
        targetRef: { name },
      })),
    } as object),
  });
  const others = slice('web-old-2b-ccccc');

  test('R1: wake the release when the first pod of its workload is ready beside others, and no more for the second', () => {
    const first = slice('web-1a-aaaaa', 'web-old-2b-ccccc');
    expect(woken(change(first, others))).toEqual(['web']);
    expect(woken(change(slice('web-1a-aaaaa', 'web-1a-bbbbb', 'web-old-2b-ccccc'), first))).toEqual([]);
    expect(woken(change(others, first))).toEqual(['web']);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countedCluster } from '../../test/support/counted-cluster.ts';
import { scanningIndex } from '../../test/support/scanning-index.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { memoryRoutes } from '../traffic/memory.ts';
import { releaseIndex, type ReleaseIndex } from './release-index.ts';

const namespaces = ['shop', 'front'];
const services = ['web', 'api'];
const workloads = ['web', 'job'];

const aRelease = (name: string, namespace: string, uid: string, traits: Partial<Traits>): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'Release',
  metadata: { name, namespace, uid },
  spec: { workload: { kind: 'Deployment', name: traits.workload ?? 'web', uid: '1' } },
  ...(traits.phase === undefined
    ? {}
    : { status: { phase: traits.phase, ...(traits.service === undefined ? {} : { service: traits.service }) } }),
});
type Traits = { readonly workload: string; readonly phase: string | undefined; readonly service: string | undefined };

const aRoute = (name: string, namespace: string, uid: string, to: readonly string[]): KubeObject => ({
  apiVersion: 'memory.sluice.dev/v1',
  kind: 'Route',
  metadata: { name, namespace, uid },
  spec: { to: to.map((service) => ({ service, weight: 1 })) },
});

const objects = fc.oneof(
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom('a', 'b', 'c'),
      uid: fc.constantFrom('1', '2'),
      workload: fc.constantFrom(...workloads),
      phase: fc.constantFrom(undefined, 'Pending', 'Progressing', 'Aborted'),
      service: fc.option(fc.constantFrom(...services), { nil: undefined }),
    })
    .map(({ name, namespace, uid, ...traits }) => aRelease(name, namespace, uid, traits)),
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom('a', 'b'),
      uid: fc.constantFrom('1', '2'),
      to: fc.subarray([...services, 'cart']),
    })
    .map(({ name, namespace, uid, to }) => aRoute(name, namespace, uid, to)),
);
const news = fc.array(fc.record({ object: objects, goes: fc.boolean() }), { maxLength: 30 });

/** Everything an index can be asked, as names. */
const everything = (index: ReleaseIndex): unknown => {
  const names = (found: readonly KubeObject[]): readonly string[] => found.map(({ metadata: { name } }) => name).sort();
  return namespaces.map((namespace) => ({
    open: names(index.open(namespace)),
    waiting: names(index.waiting(namespace)),
    workloads: workloads.map((workload) => names(index.ofWorkload(namespace, workload))),
    services: services.map((service) => names(index.onService(namespace, service))),
    routes: services.map((name) => names(index.routesAbout(memoryRoutes.gvk, { namespace, name }))),
  }));
};

describe('the index of releases and routes', () => {
  test('answers what reading everything would, after whatever news', () => {
    fc.assert(
      fc.property(fc.array(objects, { maxLength: 5 }), news, (before, changes) => {
        const cluster = countedCluster(before);
        const index = releaseIndex(cluster, [memoryRoutes]);
        const scanned = scanningIndex(cluster, [memoryRoutes]);
        expect(everything(index)).toEqual(everything(scanned));
        for (const { object, goes } of changes) {
          if (goes) cluster.drop(object);
          else cluster.set(object);
          expect(everything(index)).toEqual(everything(scanned));
        }
      }),
    );
  });

  test('hands out no more than what it is asked for', () => {
    const many = Array.from({ length: 500 }, (_, i) => aRelease(`r${i}`, 'shop', `${i}`, { workload: `w${i}` }));
    const cluster = countedCluster(many);
    const index = releaseIndex(cluster, [memoryRoutes]);
    cluster.reads();
    expect(index.ofWorkload('shop', 'w17')).toHaveLength(1);
    expect(cluster.reads()).toBe(0);
  });
});

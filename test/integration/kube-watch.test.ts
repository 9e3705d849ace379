/** Watches of a real API server: what others do is seen, kinds come and go, and nothing is asked for twice. */
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { gvk, type KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Api, ApiReport } from '../../src/kube/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { apiOf, clusterOf, testCluster } from '../kube/cluster-kit.ts';
import { waitUntil } from '../cluster/wait-until.ts';

jest.setTimeout(120_000);
const configMap = gvk('v1', 'ConfigMap', 'configmaps');
let cluster: Cluster;
let namespace: string;
let api: Api;
const reports: ApiReport[] = [];

const manifest = (name: string, data: object, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels },
  data,
});
const must = async (...args: string[]): Promise<void> => {
  const { code, stderr } = await cluster.kubectl(...args);
  if (code !== 0) throw new Error(stderr);
};

beforeAll(async () => {
  ({ cluster, namespace } = await testCluster('kube-watch'));
  api = apiOf(cluster, { report: (report) => reports.push(report) });
});

test('what kubectl does is seen, and costs one list and one watch', async () => {
  await cluster.apply([manifest('first', { a: '1' })]);
  reports.length = 0;
  const view = await clusterOf(api, [{ gvk: configMap, namespace }]);
  const story: string[] = [];
  view.onChange(({ type, object, before }) => {
    const data = (object as { data?: { a?: string } }).data?.a ?? '';
    story.push(`${type} ${object.metadata.name} ${data}${before === undefined ? '' : ' again'}`);
  });
  await cluster.apply([manifest('second', { a: '1' })]);
  await cluster.apply([manifest('second', { a: '2' })]);
  await must('delete', 'configmap', 'second', '-n', namespace);
  await waitUntil('three changes', () => story.length === 3);
  expect(story).toEqual(['set second 1', 'set second 2 again', 'removed second 2']);
  expect(view.get({ gvk: configMap, namespace, name: 'first' })?.metadata).not.toHaveProperty('managedFields');
  expect(reports.map(({ verb, code }) => `${verb} ${code}`)).toEqual(['GET 200', 'WATCH 200']);
});

test('an object that leaves the selection by somebody else or by us is removed', async () => {
  const view = await clusterOf(api, [{ gvk: configMap, namespace, labelSelector: 'mine=yes' }]);
  await cluster.apply([manifest('one', {}, { mine: 'yes' }), manifest('two', {}, { mine: 'yes' })]);
  await waitUntil('both to be seen', () => view.list(configMap).length === 2);
  await must('label', 'configmap', 'one', '-n', namespace, 'mine=no', '--overwrite');
  await waitUntil('one to leave', () => view.list(configMap).length === 1);
  const two = { gvk: configMap, namespace, name: 'two' };
  await view.patch(two, { type: 'merge', body: { metadata: { labels: { mine: null } } } });
  expect(view.list(configMap)).toEqual([]);
  await view.patch(two, { type: 'merge', body: { metadata: { labels: { mine: 'yes' } } } });
  expect(view.list(configMap)).toHaveLength(1);
});

test('a thousand objects are listed in pages and read by namespace', async () => {
  const writer = await clusterOf(api, []);
  const names = Array.from({ length: 1000 }, (_value, i) => `bulk-${i}`);
  const create = (name: string): Promise<KubeObject> =>
    writer.create(manifest(name, {}, { bulk: 'yes' }) as KubeObject, configMap);
  while (names.length > 0) await Promise.all(names.splice(0, 20).map(create));
  reports.length = 0;
  const view = await clusterOf(api, [{ gvk: configMap, namespace, labelSelector: 'bulk=yes' }]);
  expect(view.list(configMap, namespace)).toHaveLength(1000);
  expect(view.list(configMap, 'default')).toEqual([]);
  // The API server looks for more that is selected behind the fifth page.
  expect(reports.filter(({ verb }) => verb === 'GET').length).toBe(6);
});

describe('an optional kind', () => {
  const definition = (group: string, versions: readonly string[]): object => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget' },
      scope: 'Namespaced',
      versions: versions.map((name, i) => ({
        name,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  });

  test('is watched as soon as its definition appears, forgotten when that vanishes, and watched again', async () => {
    const group = `g${process.pid}.example.com`;
    const gadget = gvk(`${group}/v1`, 'Gadget', 'gadgets');
    const view = await clusterOf(api, [{ gvk: gadget, namespace, optional: true }]);
    expect(view.serves(gadget)).toBe(false);
    const object = { apiVersion: `${group}/v1`, kind: 'Gadget', metadata: { name: 'one', namespace } };
    for (const round of [1, 2]) {
      await cluster.apply([definition(group, ['v1'])]);
      await waitUntil(`the kind to be served, round ${round}`, () => view.serves(gadget), { withinMs: 60_000 });
      await view.create(object, gadget);
      expect(view.list(gadget)).toHaveLength(1);
      await must('delete', 'crd', `gadgets.${group}`, '--timeout=120s');
      await waitUntil(`the kind to be gone, round ${round}`, () => !view.serves(gadget), { withinMs: 60_000 });
      expect(view.list(gadget)).toEqual([]);
    }
  });

  test('is watched when the version that is asked for is served, not before', async () => {
    const group = `v${process.pid}.example.com`;
    const later = gvk(`${group}/v2`, 'Gadget', 'gadgets');
    await cluster.apply([definition(group, ['v1'])]);
    const view = await clusterOf(api, [{ gvk: later, namespace, optional: true }]);
    expect(view.serves(later)).toBe(false);
    await cluster.apply([definition(group, ['v1', 'v2'])]);
    await waitUntil('the version to be served', () => view.serves(later), { withinMs: 60_000 });
    await must('delete', 'crd', `gadgets.${group}`, '--timeout=120s');
  });
});

test('a version from before the last compaction is gone, and the list takes over', async () => {
  const view = await clusterOf(api, [{ gvk: kinds.namespace }]);
  await expect(
    api.watch(
      { path: '/api/v1/namespaces', what: 'watch namespaces', query: { watch: 'true', resourceVersion: '1' } },
      () => undefined,
      AbortSignal.timeout(20_000),
    ),
  ).rejects.toMatchObject({ name: 'ClusterError', reason: 'gone' });
  expect(view.serves(kinds.namespace)).toBe(true);
});

/** What the adapter promises about writes, on a real API server: guards, read-your-writes, the error each refusal becomes. */
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { KubeObject, ObjectRef } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { ConnectedCluster } from '../../src/kube/cluster.ts';
import { ClusterError, type Patch, type WriteOptions } from '../../src/ports/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { apiOf, clusterOf, testCluster } from '../kube/cluster-kit.ts';

jest.setTimeout(180_000);
let namespace: string;
let cluster: ConnectedCluster;
let kubectl: Cluster['kubectl'];

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const refOf = (name: string): ObjectRef => ({ gvk: kinds.deployment, namespace, name });
/** Not one pod is made of it: what is tested here is the API server. */
const deployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace, annotations: { [LAST_APPLIED]: '{"kind":"Deployment"}' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
  },
});
const create = (name: string): Promise<KubeObject> => cluster.create(deployment(name), kinds.deployment);
const errorOf = async (work: Promise<unknown>): Promise<ClusterError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClusterError)) throw new Error('expected a ClusterError', { cause: error });
  return error;
};

beforeAll(async () => {
  const test = await testCluster('kube-writes');
  ({ namespace } = test);
  kubectl = (...args) => test.cluster.kubectl(...args);
  const specs = [kinds.deployment, kinds.service].map((gvk) => ({ gvk, namespace }));
  cluster = await clusterOf(apiOf(test.cluster), specs);
});

describe('read-your-writes', () => {
  test('every write is visible in the cache the moment it returns', async () => {
    const created = await create('visible');
    const seen = cluster.get(refOf('visible'));
    // A controller may have been faster than this line.
    expect(seen?.metadata.uid).toBe(created.metadata.uid);
    expect(Number(seen?.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(created.metadata.resourceVersion));
    for (let i = 1; i <= 20; i += 1) {
      const patched = await cluster.patch(refOf('visible'), {
        type: 'merge',
        body: { metadata: { labels: { round: String(i) } } },
      });
      const seen = cluster.get(refOf('visible'));
      expect(seen?.metadata.labels?.['round']).toBe(String(i));
      expect(Number(seen?.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(patched.metadata.resourceVersion));
    }
    await cluster.remove(refOf('visible'), created.metadata.uid);
    expect(cluster.get(refOf('visible'))).toBeUndefined();
  });

  test('of an object that comes and goes under one name', async () => {
    for (let i = 0; i < 10; i += 1) {
      const created = await create('again');
      expect(cluster.get(refOf('again'))?.metadata.uid).toBe(created.metadata.uid);
      await cluster.remove(refOf('again'), created.metadata.uid);
      expect(cluster.get(refOf('again'))).toBeUndefined();
    }
    expect(cluster.list(kinds.deployment, namespace).map(({ metadata }) => metadata.name)).not.toContain('again');
  });

  test('status has a write of its own, and conditions are merged by type', async () => {
    await create('status');
    const condition = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'held' };
    const body = { status: { conditions: [condition] } };
    // Of the answer: the Deployment's own controller may have written again by the time the cache is looked at.
    const { status } = await cluster.patch(refOf('status'), { type: 'strategic', body }, { subresource: 'status' });
    const written = status?.['conditions'] as readonly { readonly type: string }[];
    expect(written.filter(({ type }) => type === 'Progressing')).toEqual([expect.objectContaining(condition)]);
  });

  test('a scale is answered with a Scale, and the watch brings the object', async () => {
    await create('scale');
    const changed = new Promise<void>((resolve) => {
      cluster.onChange(({ object }) => {
        if (object.metadata.name === 'scale' && object.spec?.['paused'] === true) resolve();
      });
    });
    const answer = await cluster.patch(
      refOf('scale'),
      { type: 'merge', body: { spec: { replicas: 0 } } },
      { subresource: 'scale' },
    );
    expect(answer.kind).toBe('Scale');
    await cluster.patch(refOf('scale'), { type: 'merge', body: { spec: { paused: true } } });
    await changed;
    expect(cluster.get(refOf('scale'))?.kind).toBe('Deployment');
  });
});

describe('a guard by resourceVersion', () => {
  /** A Service: no controller writes to it behind the test's back. */
  const service = (name: string): ObjectRef => ({ gvk: kinds.service, namespace, name });
  const createService = (name: string): Promise<KubeObject> => {
    const annotations = { [LAST_APPLIED]: '{"kind":"Service"}' };
    const metadata = { name, namespace, annotations };
    return cluster.create(
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } },
      kinds.service,
    );
  };
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Test',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  type Row = readonly [string, Patch, WriteOptions];
  const rows: readonly Row[] = [
    ['merge', { type: 'merge', body: { metadata: { labels: { by: 'merge' } } } }, {}],
    ['strategic', { type: 'strategic', body: { metadata: { labels: { by: 'strategic' } } } }, {}],
    ['json', { type: 'json', body: [{ op: 'add', path: '/metadata/labels', value: { by: 'json' } }] }, {}],
    [
      'status',
      { type: 'json', body: [{ op: 'add', path: '/status/conditions', value: [ready] }] },
      { subresource: 'status' },
    ],
  ];

  test.each(rows)('%s patch: goes through when nothing came in between', async (by, patch, options) => {
    const { resourceVersion = '' } = (await createService(`guard-${by}`)).metadata;
    const first = await cluster.patch(service(`guard-${by}`), patch, { ...options, resourceVersion });
    expect(first.metadata.resourceVersion).not.toBe(resourceVersion);
  });

  test.each(rows)('%s patch: is a conflict when something did', async (by, patch, options) => {
    const { resourceVersion = '' } = (await createService(`guarded-${by}`)).metadata;
    await cluster.patch(service(`guarded-${by}`), { type: 'merge', body: { metadata: { labels: { theirs: 'yes' } } } });
    const refused = await errorOf(cluster.patch(service(`guarded-${by}`), patch, { ...options, resourceVersion }));
    expect([refused.reason, refused.passing]).toEqual(['conflict', true]);
  });

  test('a replacement keeps what the cache does not hold, and is a conflict when it is stale', async () => {
    await createService('replaced');
    const cached = cluster.get(service('replaced'))!;
    expect(cached.metadata).not.toHaveProperty('managedFields');
    const labels = { by: 'replace' };
    const replaced = await cluster.replace({ ...cached, metadata: { ...cached.metadata, labels } }, kinds.service);
    expect(replaced.metadata).toMatchObject({ labels, annotations: cached.metadata.annotations });
    const { items } = JSON.parse(
      (await kubectl('get', 'service', '-n', namespace, '-o', 'json', '--show-managed-fields')).stdout,
    ) as {
      items: { metadata: { name: string; managedFields: { manager: string }[] } }[];
    };
    const managers = items.find(({ metadata }) => metadata.name === 'replaced')?.metadata.managedFields;
    expect(managers?.map(({ manager }) => manager)).toEqual(['sluice']);
    expect((await errorOf(cluster.replace(cached, kinds.service))).reason).toBe('conflict');
  });

  test('removing by uid spares a namesake', async () => {
    const created = await create('namesake');
    await cluster.remove(refOf('namesake'), '00000000-0000-0000-0000-000000000000');
    await expect(cluster.fetch(refOf('namesake'))).resolves.toMatchObject({ metadata: { uid: created.metadata.uid } });
    await cluster.remove(refOf('namesake'), created.metadata.uid);
    await cluster.remove(refOf('namesake'), created.metadata.uid);
    await expect(cluster.fetch(refOf('namesake'))).resolves.toBeUndefined();
  });
});

describe('a refusal', () => {
  test('that the object exists', async () => {
    await create('twice');
    const error = await errorOf(create('twice'));
    expect(error.reason).toBe('already-exists');
    expect(error.message).toBe(`create deployments.apps ${namespace}/twice: deployments.apps "twice" already exists`);
  });

  test('that it does not exist', async () => {
    const error = await errorOf(cluster.patch(refOf('nothing'), { type: 'merge', body: {} }));
    expect([error.reason, error.passing]).toEqual(['not-found', false]);
  });

  test('that it is invalid, in the words of the API server', async () => {
    const { spec } = deployment('invalid');
    const error = await errorOf(
      cluster.create({ ...deployment('invalid'), spec: { ...spec, replicas: -1 } }, kinds.deployment),
    );
    expect(error.reason).toBe('invalid');
    expect(error.message).toContain('spec.replicas: Invalid value: -1');
  });

  test.each([
    ['test that does not hold', { op: 'test', path: '/spec/replicas', value: 7 }],
    ['path that is not there', { op: 'remove', path: '/spec/nothing' }],
  ] as const)('of a JSON patch with a %s is a conflict', async (_what, step) => {
    const name = `misfit-${step.op}`;
    await create(name);
    const error = await errorOf(cluster.patch(refOf(name), { type: 'json', body: [step] }));
    expect(error.message).toContain('does not fit');
    expect([error.reason, error.passing]).toEqual(['conflict', true]);
  });
});

test('a live list past the cache', async () => {
  await create('listed');
  const found = await cluster.fetchList(kinds.deployment, namespace, {});
  expect(found.map(({ metadata }) => metadata.name)).toContain('listed');
  expect(found[0]).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
  await expect(cluster.fetchList(kinds.pod, namespace, { app: 'nobody' })).resolves.toEqual([]);
});

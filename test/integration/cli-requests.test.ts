/** Requests of people on a Release that is written to all the time, on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { clusterClient } from '../../src/cli/connect.ts';
import type { ClusterClient } from '../../src/cli/session.ts';
import { collectionPath, objectPath } from '../../src/kube/api-path.ts';
import { connectApi, type Api } from '../../src/kube/api.ts';
import { crds } from '../../src/manifests/crds.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { requestKey } from '../../src/schema/annotations.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';

const namespace = `cli-requests-${process.pid}`;
const ref = { gvk: kinds.release, namespace, name: 'web-1' } as const;
let cluster: Cluster;
let api: Api;
let client: ClusterClient;

const create = async (): Promise<KubeObject> => {
  const body = {
    apiVersion,
    kind: 'Release',
    metadata: { name: ref.name },
    spec: { workload: { kind: 'Deployment', name: 'web', uid: 'u' }, templateHash: 'b', stableHash: 'a', policy: {} },
  };
  const path = collectionPath(kinds.release, namespace);
  return (await api.request({ method: 'POST', path, body, what: 'create' })) as unknown as KubeObject;
};

/** As the controller does it. */
const writeStatus = (weight: number): Promise<JsonObject> =>
  api.request({
    method: 'PATCH',
    path: `${objectPath(ref)}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { phase: 'Progressing', weight } },
    what: 'status',
  });

beforeAll(async () => {
  cluster = await attach();
  api = connectApi({ env: {}, kubeconfig: cluster.kubeconfig, clock: systemClock, component: 'test', version: '0' });
  client = clusterClient(api);
  await cluster.apply([...crds()]);
  const names = crds().map((crd) => `crd/${crd.metadata.name}`);
  await cluster.kubectl('wait', '--for=condition=Established', '--timeout=120s', ...names);
  await cluster.kubectl('create', 'namespace', namespace);
}, 180_000);

afterAll(async () => {
  api.close();
  await cluster.kubectl('delete', 'namespace', namespace, '--wait=false');
});

describe('a request', () => {
  it('is written at the first try while four writers write the status', async () => {
    const { metadata } = await create();
    const state = { writes: 0, over: false };
    const writer = async (): Promise<void> => {
      while (!state.over) await writeStatus((state.writes += 1) % 100);
    };
    const writers = Array.from({ length: 4 }, writer);
    try {
      for (let i = 0; i < 25; i += 1) {
        const changes = { [requestKey(`r${i}`)]: '{"verb":"abort"}', [requestKey(`r${i - 1}`)]: null };
        const written = await client.annotate(ref, changes, metadata.uid);
        expect(written.metadata.annotations).toEqual({ [requestKey(`r${i}`)]: '{"verb":"abort"}' });
      }
    } finally {
      state.over = true;
      await Promise.all(writers);
    }
    expect(state.writes).toBeGreaterThan(25);
  });

  it('is not written on another Release that has the name by now', async () => {
    const before = await client.get(ref);
    await api.request({ method: 'DELETE', path: objectPath(ref), what: 'delete' });
    await create();
    await expect(client.annotate(ref, { [requestKey('a1')]: '{}' }, before?.metadata.uid)).rejects.toMatchObject({
      reason: 'conflict',
    });
    expect((await client.get(ref))?.metadata.annotations).toBeUndefined();
  });
});

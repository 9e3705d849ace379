/**
 * The life of the webhook's certificate under a real API server that asks all the time: three replicas, one with a clock that is
 * 400 days ahead, make a new authority and a new certificate every few seconds; meanwhile people delete what they live on.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { certificatesIn } from '../../src/certs/material.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import { secretFiles } from '../../src/certs/secret-store.ts';
import { trustedAuthorities } from '../../src/certs/trust.ts';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { collectionPath } from '../../src/kube/api-path.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { crds } from '../../src/manifests/crds.ts';
import { webhookConfigurations } from '../../src/manifests/webhooks.ts';
import type { ClusterWriter } from '../../src/ports/cluster.ts';
import { CONTROL_PLANE_ADDRESS } from '../cluster/namespace.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { apiOf, testCluster } from '../kube/cluster-kit.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest } from '../support/admission-webhook.ts';
import { askOverTls, postUnverified } from '../support/tls.ts';
import { startReplica, type Replica } from '../support/webhook-replica.ts';

const day = 86_400_000;
const password = `hunter-${randomBytes(8).toString('hex')}`;
const name = `tls-${process.pid}`;
let namespace: string;
let writer: ClusterWriter;
let replicas: readonly Replica[];
let going = true;
const asked = { answered: 0, failures: [] as unknown[] };
const handshakes = { done: 0, failures: [] as unknown[] };
let restoredAuthority: { before: readonly string[]; after: readonly string[] };
let trustAfterTheft: readonly string[];

const secret = () => ({ gvk: kinds.secret, namespace, name });
const everyReplica = (holds: (replica: Replica) => boolean): Promise<boolean> =>
  waitUntil('all replicas', () => replicas.every(holds), { withinMs: 120_000 });
const authorities = async (): Promise<readonly string[]> => {
  const files = await secretFiles(writer, { namespace, name });
  return certificatesIn(`${files?.['ca.crt'] ?? ''}${files?.['ca-previous.crt'] ?? ''}`);
};

/** A new Deployment each time, which the API server asks both webhooks about and then forgets. */
const askApiServer = async (): Promise<void> => {
  const api = apiOf((await testClusterOnce).cluster);
  const manifest = aManifest('asked', 'sluice.test/app:1');
  const env = [{ name: 'PASSWORD', value: password }];
  const { template } = manifest.spec;
  const [container] = template.spec.containers;
  const body = {
    ...manifest,
    spec: { ...manifest.spec, template: { ...template, spec: { containers: [{ ...container, env }] } } },
  };
  const call = { method: 'POST', path: collectionPath(kinds.deployment, namespace), what: 'ask', body } as const;
  while (going) {
    await api
      .request({ ...call, body: JSON.parse(JSON.stringify(body)) as object as never, query: { dryRun: 'All' } })
      .then(
        () => (asked.answered += 1),
        (error: unknown) => asked.failures.push(error),
      );
  }
};

/** New connections to every replica, trusting what the API server has been told to trust at that moment. */
const shakeHands = async (): Promise<void> => {
  while (going) {
    const ca = (await trustedAuthorities(writer, name)).find((bundle) => bundle !== '');
    for (const { port } of ca === undefined ? [] : replicas) {
      const host = `${name}.${namespace}.svc`;
      await askOverTls({ port, address: CONTROL_PLANE_ADDRESS, ca: ca ?? '', host, path: '/healthz' }).then(
        () => (handshakes.done += 1),
        (error: unknown) => handshakes.failures.push(error),
      );
    }
  }
};

const objects = (): readonly object[] => [
  { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports: [{ name: 'https', port: 443 }] } },
  ...replicas.map(({ port }, i) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${i}`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [CONTROL_PLANE_ADDRESS], conditions: { ready: true } }],
  })),
];

let testClusterOnce: ReturnType<typeof testCluster>;

beforeAll(async () => {
  testClusterOnce = testCluster('admit-tls');
  const { cluster, namespace: own } = await testClusterOnce;
  namespace = own;
  await cluster.apply([...crds()]);
  const keys = await Promise.all(Array.from({ length: 4 }, newPrivateKey));
  const api = apiOf(cluster);
  writer = clusterWriter({ api, fieldManager: 'test', seen: { written: () => undefined, gone: () => undefined } });
  const replica = (ahead: number): Promise<Replica> =>
    startReplica({ kubeconfig: cluster.kubeconfig, namespace, name, host: CONTROL_PLANE_ADDRESS, ahead, keys });
  // The one with the wrong clock comes first: what it makes is what all begin with.
  replicas = [await replica(400 * day), await replica(0), await replica(0)];
  const clientConfig = { service: { name, namespace } };
  const configurations = webhookConfigurations({
    name,
    clientConfig,
    sluiceUsers: [sluice],
    namespace,
    failurePolicy: 'Fail',
    providerKinds: [],
  });
  await cluster.apply([...objects(), ...configurations]);
  await waitUntil('the authority is trusted', async () =>
    (await trustedAuthorities(writer, name)).every((bundle) => bundle !== ''),
  );
  await waitUntil('the API server gets answers', async () => {
    const { code, stderr } = await cluster.run('kubectl', ['create', '-n', namespace, '--dry-run=server', '-f', '-'], {
      input: JSON.stringify(aManifest('first', 'sluice.test/app:1', { 'sluice.dev/canary': 'neither' })),
    });
    return code !== 0 && stderr.includes('sluice.dev/canary');
  });
  const load = [askApiServer(), askApiServer(), shakeHands()];
  await everyReplica(({ served }) => new Set(served).size >= 4);
  const before = await authorities();
  await writer.remove(secret());
  await waitUntil('the Secret is back', async () => (await authorities()).length > 0);
  restoredAuthority = { before, after: await authorities() };
  await takeTrustAway();
  await waitUntil('trust is back', async () => {
    trustAfterTheft = await trustedAuthorities(writer, name);
    // Between the two configurations of a change-over they differ for a moment.
    return trustAfterTheft.every((bundle) => bundle !== '') && new Set(trustAfterTheft).size === 1;
  });
  await Promise.all(replicas.map(hostile));
  going = false;
  await Promise.all(load);
}, 170_000);

/** From the webhook that nothing here is asked by: the load must not notice. */
const takeTrustAway = async (): Promise<void> => {
  const found = await writer.fetch({ gvk: kinds.validatingWebhook, name });
  const { webhooks } = found as KubeObject & { webhooks: readonly { name: string }[] };
  const at = webhooks.findIndex((webhook) => webhook.name.startsWith('policies.'));
  const path = `/webhooks/${at}/clientConfig/caBundle`;
  await writer.patch({ gvk: kinds.validatingWebhook, name }, { type: 'json', body: [{ op: 'remove', path }] });
};

/** What an API server would not send, full of what must not be told. */
const hostile = async ({ port }: Replica): Promise<void> => {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password },
    stringData: { password },
  };
  const review = {
    uid: '1',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Secret' },
    userInfo: { username: 'eve' },
    object,
  };
  const envelope = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  const bodies = [
    `{"password":"${password}`,
    JSON.stringify({ ...envelope, request: review }),
    JSON.stringify({
      ...envelope,
      request: { ...review, object: { ...object, metadata: { name: 's', annotations: password } } },
    }),
    JSON.stringify({ ...envelope, request: { ...review, operation: password } }),
    JSON.stringify({ kind: password, apiVersion: password }),
  ];
  for (const path of ['/mutate', '/validate', `/${password}`]) for (const body of bodies) await post(port, path, body);
};

const post = (port: number, path: string, body: string): Promise<number> =>
  postUnverified({ address: CONTROL_PLANE_ADDRESS, port, path, body, authorization: `Bearer ${password}` });

afterAll(async () => {
  going = false;
  const { cluster } = await testClusterOnce;
  await cluster.kubectl('delete', 'mutatingwebhookconfiguration,validatingwebhookconfiguration', name);
  await Promise.all(replicas.map((replica) => replica.stop()));
}, 180_000);

describe('while authority and certificate change again and again', () => {
  it('no write fails, and every replica answers some', async () => {
    expect(asked.failures.map(String)).toEqual([]);
    expect(asked.answered).toBeGreaterThan(20);
    for (const replica of replicas) expect(await replica.answered()).toBeGreaterThan(0);
  });

  it('no handshake fails for who trusts what API servers are told to', () => {
    expect(handshakes.failures.map(String)).toEqual([]);
    expect(handshakes.done).toBeGreaterThan(9);
  });

  it('all replicas serve the same certificates, whoever made them and whatever their clocks say', () => {
    const [first, ...others] = replicas.map(({ served }) => new Set(served));
    for (const other of others) expect([...other].filter((cert) => first?.has(cert)).length).toBeGreaterThanOrEqual(3);
  });
});

describe('what people take away', () => {
  it('is put back as it was: the Secret with the authority in use', () => {
    const { before, after } = restoredAuthority;
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(before.filter((authority) => after.includes(authority))).toEqual(before);
  });

  it('is put back as it was: the authority that is trusted', () => {
    expect(trustAfterTheft.length).toBeGreaterThan(4);
    expect(certificatesIn(trustAfterTheft[0]).length).toBeGreaterThanOrEqual(3);
  });
});

describe('the logs', () => {
  it('hold a good deal at debug level, and nothing secret', async () => {
    const text = replicas.flatMap(({ log }) => log).join('');
    expect(text.length).toBeGreaterThan(2000);
    expect(text).toMatch(/a question could not be read|malformed/);
    const files = await secretFiles(writer, { namespace, name });
    const key = files?.['ca.key']?.split('\n')[2] ?? '';
    expect(key.length).toBeGreaterThan(60);
    for (const word of [password, 'PRIVATE KEY', key, Buffer.from(password).toString('base64')])
      expect([word, text.includes(word)]).toEqual([word, false]);
  });
});

/**
 * Who may ask the webhook: an API server that shows a certificate, and nobody without one. In a cluster of its own, because an
 * API server is told at its start what to show; with a certificate of the webhook's that is supplied in a Secret.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { issueServing, makeAuthority, type Credential } from '../../src/certs/authority.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import { crds } from '../../src/manifests/crds.ts';
import { webhookConfigurations } from '../../src/manifests/webhooks.ts';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Execution } from '../cluster/execution.ts';
import { CONTROL_PLANE_ADDRESS } from '../cluster/namespace.ts';
import { up } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';
import { aManifest } from '../support/admission-webhook.ts';
import { clientCertificate } from '../support/tls.ts';

jest.setTimeout(180_000);
const namespace = 'sluice-system';
const name = 'sluice-webhook';
const host = `${name}.${namespace}.svc`;
let root: string;
let cluster: Cluster;
let webhook: Execution;
const log: string[] = [];
let keys: readonly string[];
let authorities: readonly Credential[];

const key = (i: number): string => keys[i] ?? '';
const authority = (i: number): Credential => authorities[i] ?? { cert: '', key: '' };
const file = async (path: string, text: string): Promise<string> => {
  await writeFile(join(root, path), text);
  return join(root, path);
};

/** An API server that shows this certificate to the webhook behind our Service, and to nobody else. */
const admissionConfig = async ({ cert, key: ours }: Credential): Promise<string> => {
  const user = { 'client-certificate': await file('client.crt', cert), 'client-key': await file('client.key', ours) };
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', users: [{ name: host, user }] };
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'WebhookAdmissionConfiguration',
    kubeConfigFile: await file('webhooks.kubeconfig', JSON.stringify(kubeconfig)),
  };
  const plugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'].map((plugin) => ({
    name: plugin,
    configuration,
  }));
  const config = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins };
  return file('admission.json', JSON.stringify(config));
};

const secret = (by: Credential, serving: string): object => {
  const made = issueServing({ authority: by, key: serving, now: Date.now(), days: 1, dnsNames: [host], ips: [] });
  const stringData = { 'tls.crt': made.cert, 'tls.key': made.key, 'ca.crt': by.cert };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'supplied', namespace },
    type: 'kubernetes.io/tls',
    stringData,
  };
};
const service = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports: [{ name: 'https', port: 443 }] } },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 8443, protocol: 'TCP' }],
    endpoints: [{ addresses: [CONTROL_PLANE_ADDRESS], conditions: { ready: true } }],
  },
];

const startWebhook = async (): Promise<Execution> => {
  const flags = ['--kubeconfig', cluster.kubeconfig, '--log-level', 'debug', '--tls', 'secret'];
  const names = ['--service', `${namespace}/${name}`, '--certificate-secret', `${namespace}/supplied`];
  const callers = ['--client-ca', await file('client-ca.crt', authority(0).cert), '--client-names', 'kube-apiserver'];
  const program = [join(REPOSITORY, 'src', 'main.ts'), 'webhook', ...flags, ...names, ...callers];
  const running = cluster.exec(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [running.stdout, running.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => log.push(line));
  return running;
};

/** What a client inside the cluster's network is answered: the status, or the error's code where there is no handshake. */
const ask = async (client?: Credential, path = '/healthz'): Promise<string> => {
  const options = { host: CONTROL_PLANE_ADDRESS, port: 8443, path, rejectUnauthorized: false, agent: false, ...client };
  const script = `require('https').get(${JSON.stringify(options)}, (r) => console.log(r.statusCode)).on('error', (e) => console.log(e.code))`;
  return (await cluster.run(process.execPath, ['-e', script])).stdout.trim();
};
const ready = async (): Promise<string> => {
  const script =
    "fetch('http://127.0.0.1:9090/readyz').then(async (r) => console.log(r.status, await r.text()), () => console.log('none'))";
  return (await cluster.run(process.execPath, ['-e', script])).stdout.trim();
};
/** What kubectl is told about a Deployment that the webhook has to refuse. */
const refusal = async (): Promise<string> => {
  const input = JSON.stringify(aManifest('web', 'sluice.test/app:1', { 'sluice.dev/canary': 'neither' }));
  return (await cluster.run('kubectl', ['create', '--dry-run=server', '-f', '-'], { input })).stderr;
};
const bundles = async (): Promise<string> =>
  (
    await cluster.kubectl(
      'get',
      'mutatingwebhookconfiguration',
      'sluice',
      '-o',
      'jsonpath={.webhooks[*].clientConfig.caBundle}',
    )
  ).stdout;
const base64 = ({ cert }: Credential): string =>
  Buffer.from(cert.replaceAll('\r', '')).toString('base64').slice(0, 200);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  keys = await Promise.all(Array.from({ length: 6 }, newPrivateKey));
  authorities = [0, 1, 2, 3].map((i) => makeAuthority({ key: key(i), now: Date.now(), days: 1 }));
  const config = await admissionConfig(clientCertificate(authority(0), key(4), 'kube-apiserver'));
  cluster = await up({
    ...{ name: `callers-${process.pid}`, istio: false, prometheus: false, kubelet: 'none', crds: [] },
    env: { ...process.env, SLUICE_CLUSTERS: root },
    apiServerArgs: [`--admission-control-config-file=${config}`],
  });
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, ...crds()]);
  await cluster.apply([
    ...service,
    ...webhookConfigurations({
      name: 'sluice',
      clientConfig: { service: { name, namespace } },
      sluiceUsers: [],
      failurePolicy: 'Fail',
      providerKinds: [],
    }),
  ]);
  webhook = await startWebhook();
}, 180_000);

afterAll(async () => {
  await webhook.kill('SIGTERM');
  await inTime('the webhook to end', webhook.ended, { seen: () => log.slice(-5).join('\n') });
  await cluster.down();
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
});

describe('a webhook with a certificate that is supplied and callers that are checked', () => {
  it('says what it waits for while there is no certificate, and listens nowhere', async () => {
    await waitUntil('its readiness', async () => (await ready()) === '503 the Secret is not there');
    expect(await ask()).toBe('ECONNREFUSED');
  });

  it('answers the API server, which shows its certificate', async () => {
    await cluster.apply([secret(authority(2), key(5))]);
    await waitUntil('its readiness', async () => (await ready()) === '200 ok');
    expect(await bundles()).toContain(base64(authority(2)));
    await waitUntil('the answer', async () =>
      (await refusal()).includes('sluice.dev/canary: Invalid value: "neither"'),
    );
  });

  it.each<[string, () => Credential | undefined, RegExp]>([
    ['a certificate of its name', () => clientCertificate(authority(0), key(4), 'kube-apiserver'), /^200$/],
    ['no certificate', () => undefined, /^(ECONNRESET|EPIPE|ERR_SSL.*)$/],
    [
      'a certificate of another authority',
      () => clientCertificate(authority(1), key(4), 'kube-apiserver'),
      /^(ECONNRESET|EPIPE|ERR_SSL.*)$/,
    ],
    ['a certificate of another name', () => clientCertificate(authority(0), key(4), 'somebody'), /^403$/],
  ])('answers who shows %s accordingly', async (_what, client, answer) => {
    for (const path of ['/healthz', '/mutate'])
      expect(await ask(client(), path)).toMatch(path === '/mutate' && answer.test('200') ? /^405$/ : answer);
  });

  it('changes over to a certificate of another authority, and keeps it when the next one is no good', async () => {
    await cluster.apply([secret(authority(3), key(5))]);
    await waitUntil('trust in both', async () => (await bundles()).includes(base64(authority(3))));
    expect(await refusal()).toContain('sluice.dev/canary: Invalid value: "neither"');
    await waitUntil('the new one to be in use', () => log.filter((line) => line.includes('serving with')).length > 1);
    expect(await refusal()).toContain('sluice.dev/canary: Invalid value: "neither"');
    await cluster.apply([{ ...secret(authority(3), key(5)), stringData: { 'tls.key': key(1) } }]);
    const why = 'tls.key is not the key of tls.crt; the previous certificate stays in use';
    await waitUntil('the complaint', () => log.some((line) => line.includes(why)));
    expect(await ready()).toBe('200 ok');
    expect(await refusal()).toContain('sluice.dev/canary: Invalid value: "neither"');
  });

  it('tells no key in its log', () => {
    expect(log.length).toBeGreaterThan(5);
    for (const secretText of ['PRIVATE KEY', ...keys.map((pem) => pem.split('\n')[2] ?? 'PRIVATE KEY')])
      expect(log.join('\n')).not.toContain(secretText);
  });
});

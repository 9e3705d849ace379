/** The program as the chart runs it: its flags, its probes, its certificate and exactly its rights, with a release to do. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { crds } from '../../src/manifests/crds.ts';
import { KUBERNETES_VERSION } from '../cluster/binaries/catalog.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { waitUntil } from '../cluster/wait-until.ts';

const id = randomBytes(3).toString('hex');
const release = `sluice-${id}`;
const [own, worked] = [`chart-run-${id}`, `chart-run-${id}-shop`];
let cluster: Cluster;
let rendered: readonly object[];

const run = async (command: string, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
};
const kubectl = (...args: readonly string[]): Promise<string> => run('kubectl', ...args);

type Container = { image: string; command?: readonly string[]; env?: readonly object[] };
type Workload = KubeObject & { spec: { template: { spec: { containers: [Container] } } } };

/** No image can be built here: the program runs from the sources, by the flags, the account and the probes of the chart. */
const fromSources = (object: KubeObject): KubeObject => {
  if (object.kind !== 'Deployment') return object;
  const changed = structuredClone(object) as Workload;
  const [container] = changed.spec.template.spec.containers;
  container.image = 'sluice.test/host:sluice';
  const flags = ['--disable-warning=ExperimentalWarning', '--import', resolve('test/support/listen-on-pod-address.ts')];
  container.command = [process.execPath, ...flags, resolve('src/main.ts')];
  container.env = [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
  return changed;
};

const workload = (image: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: worked,
    annotations: {
      'sluice.dev/canary': 'enabled',
      'sluice.dev/provider': 'kubernetes',
      'sluice.dev/steps': '50',
      'sluice.dev/interval': '1s',
      'sluice.dev/no-data': 'pass',
    },
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
    },
  },
});
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: worked },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

const metricsOf = async (component: string): Promise<string> => {
  const selector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`;
  const ips = await kubectl('get', 'pods', '-n', own, '-l', selector, '-o', 'jsonpath={.items[*].status.podIP}');
  const pages = ips.split(' ').map(async (ip) => (await fetchText(`http://${ip}:9090/metrics`)).text);
  return (await Promise.all(pages)).join('\n');
};
const refusals = (metrics: string): readonly string[] =>
  metrics.split('\n').filter((line) => line.startsWith('sluice_kube_requests_total') && line.includes('code="403"'));

beforeAll(async () => {
  cluster = await attach();
  await cluster.apply([...crds()]);
  for (const namespace of [own, worked]) await kubectl('create', 'namespace', namespace);
  if (cluster.prometheusUrl === undefined) throw new Error('this needs a cluster with Prometheus');
  const where = ['--namespace', own, '--kube-version', KUBERNETES_VERSION];
  const values = ['--set', `watchNamespace=${worked},prometheus=${cluster.prometheusUrl}`];
  const text = await run('helm', 'template', release, 'charts/sluice', ...where, ...values);
  const documents = parseAllDocuments(text).map((document) => document.toJS() as KubeObject | null);
  rendered = documents.filter((object) => object !== null).map(fromSources);
  await cluster.apply(rendered);
}, 180_000);

afterAll(async () => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rendered });
  await cluster.run('kubectl', ['delete', '--ignore-not-found', '--wait=false', '-f', '-'], { input });
  await cluster.run('kubectl', ['delete', 'namespace', own, worked, '--wait=false']);
}, 180_000);

describe('the chart', () => {
  it('brings a webhook and a controller up that are ready', async () => {
    for (const name of [`${release}-webhook`, `${release}-controller`]) {
      await kubectl('rollout', 'status', `deployment/${name}`, '-n', own, '--timeout=90s');
    }
  }, 120_000);

  it('has the API server trust the certificate that the webhooks share', async () => {
    const configuration = `mutatingwebhookconfiguration/${release}-webhook`;
    await waitUntil(
      'the authority to be known',
      async () =>
        (await kubectl('get', configuration, '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}')).length > 100,
    );
    const refused = await cluster.run('kubectl', ['apply', '-f', '-'], {
      input: JSON.stringify({
        ...workload('sluice.test/app:1'),
        metadata: { name: 'bad', namespace: worked, annotations: { 'sluice.dev/steps': '0' } },
      }),
    });
    expect(refused.stderr).toContain('sluice.dev/steps: Invalid value: "0": must be a whole number from 1 to 100');
  }, 120_000);

  it('has one of the two controllers work, by a Lease that names it', async () => {
    const leaders = async (): Promise<readonly string[]> =>
      (await metricsOf('controller'))
        .split('\n')
        .filter((line) => /^sluice_leader [01]$/.test(line))
        .sort();
    await waitUntil('one of them to lead', async () => (await leaders()).includes('sluice_leader 1'));
    expect(await leaders()).toEqual(['sluice_leader 0', 'sluice_leader 1']);
    const holder = await kubectl(
      'get',
      'lease',
      `${release}-controller`,
      '-n',
      own,
      '-o',
      'jsonpath={..holderIdentity}',
    );
    const told = (): Promise<string> =>
      kubectl(
        'get',
        'events.events.k8s.io',
        '-n',
        own,
        '--field-selector',
        'reason=LeaderElection',
        '-o',
        'jsonpath={.items[*].note}',
      );
    await waitUntil('it to be told on the Lease', async () => (await told()) !== '');
    expect(await told()).toBe(`${holder} became leader`);
  }, 60_000);

  it('releases a new template, with the rights it has', async () => {
    await cluster.apply([service, workload('sluice.test/app:1')]);
    await kubectl('rollout', 'status', 'deployment/web', '-n', worked, '--timeout=120s');
    const said = await cluster.run('kubectl', [
      'set',
      'image',
      'deployment/web',
      'app=sluice.test/app:2',
      '-n',
      worked,
    ]);
    expect(said.stderr).toContain('Warning:');
    const phase = (): Promise<string> =>
      kubectl('get', 'releases', '-n', worked, '-o', 'jsonpath={.items[*].status.phase}');
    await waitUntil('the release to succeed', async () => (await phase()) === 'Succeeded');
    const images = await kubectl('get', 'pods', '-n', worked, '-o', 'jsonpath={.items[*].spec.containers[0].image}');
    expect(new Set(images.split(' '))).toContain('sluice.test/app:2');
    // Deleted in the foreground, the canary stays in sight until its pods have ended.
    await waitUntil(
      'the canary to be gone',
      async () => (await kubectl('get', 'deployments', '-n', worked, '-o', 'name')) === 'deployment.apps/web\n',
    );
    for (const component of ['webhook', 'controller']) {
      const metrics = await metricsOf(component);
      expect(metrics).toContain('sluice_kube_requests_total');
      expect(refusals(metrics)).toEqual([]);
    }
  }, 180_000);
});

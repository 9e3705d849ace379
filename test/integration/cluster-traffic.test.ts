/** @long 45 s */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientProxy } from '../cluster/client-proxy.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { up } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';

jest.setTimeout(300_000);

let cluster: Cluster;
let proxy: ClientProxy;
/** Requests answered so far, by version. */
const sent: Record<string, number> = {};

const workload = (name: string, version: string, replicas: number): object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: {
          labels: { app: name },
          annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
        },
        spec: {
          containers: [
            {
              name: 'app',
              image: `sluice.test/app:${version}`,
              readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  },
];

const route = (canary: number): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    hosts: ['web'],
    http: [
      {
        route: [
          { destination: { host: 'web' }, weight: 100 - canary },
          { destination: { host: 'web-canary' }, weight: canary },
        ],
      },
    ],
  },
});

type Summary = { total: { requests: number; failed: number; byVersion: Record<string, number> } };

/** Sends `seconds` × 100 requests through the proxy. */
const load = async (seconds: number): Promise<Summary['total']> => {
  const target = ['--url', `${proxy.url}/`, '--host', 'web'];
  const amount = ['--rps', '100', '--duration', `${seconds}s`];
  const { code, stdout, stderr } = await cluster.run('sluice-testapp', ['load', ...target, ...amount]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { total } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Summary;
  for (const [version, count] of Object.entries(total.byVersion)) sent[version] = (sent[version] ?? 0) + count;
  return total;
};

const share = ({ byVersion, requests }: Summary['total'], version: string): number =>
  (byVersion[version] ?? 0) / requests;

const query = async (text: string): Promise<Record<string, number>> => {
  const url = `${cluster.prometheusUrl ?? ''}/api/v1/query?query=${encodeURIComponent(text)}`;
  const { stdout } = await cluster.run(process.execPath, [
    '-e',
    `fetch(${JSON.stringify(url)}).then(async (r) => console.log(await r.text()))`,
  ]);
  const { data } = JSON.parse(stdout) as {
    data: { result: { metric: { destination_workload: string }; value: [number, string] }[] };
  };
  return Object.fromEntries(data.result.map(({ metric, value }) => [metric.destination_workload, Number(value[1])]));
};

beforeAll(async () => {
  cluster = await up();
  await cluster.kubectl('create', 'namespace', 'shop');
  await cluster.apply([...workload('web', 'v1', 3), ...workload('web-canary', 'v2', 1), route(10)]);
  const args = ['rollout', 'status', 'deployment/web', 'deployment/web-canary', '-n', 'shop', '--timeout=120s'];
  expect(await cluster.kubectl(...args)).toMatchObject({ code: 0 });
  proxy = await cluster.clientProxy({ namespace: 'shop' });
});

afterAll(() => cluster.down());

describe('a cluster with a mesh', () => {
  test('a VirtualService splits what a client sends, and a new weight is obeyed within seconds', async () => {
    const ten = await load(6);
    expect(ten.failed).toBe(0);
    // Four standard deviations of 600 draws are below 5 points.
    expect(share(ten, 'v2')).toBeGreaterThan(0.05);
    expect(share(ten, 'v2')).toBeLessThan(0.15);
    await cluster.apply([route(60)]);
    await waitUntil('the new weight', async () => share(await load(1), 'v2') > 0.4);
    const sixty = await load(6);
    expect(sixty.failed).toBe(0);
    expect(share(sixty, 'v2')).toBeGreaterThan(0.5);
    expect(share(sixty, 'v2')).toBeLessThan(0.7);
  });

  test('Prometheus counts each arm by its workload, as a sidecar would report it', async () => {
    await load(2);
    const counted = (): Promise<Record<string, number>> =>
      query('sum by (destination_workload) (istio_requests_total{namespace="shop"})');
    await waitUntil('every request to be scraped', async () => {
      const { web, 'web-canary': canary } = await counted();
      return web === sent['v1'] && canary === sent['v2'];
    });
  });

  test('the mesh keeps routing while istiod and the API server are gone, and follows again when they are back', async () => {
    await cluster.component('istiod').stop('SIGKILL');
    await cluster.component('kube-apiserver').stop('SIGKILL');
    expect((await load(2)).failed).toBe(0);
    await cluster.component('kube-apiserver').start();
    await cluster.component('istiod').start();
    await cluster.apply([route(0)]);
    await waitUntil('the new weight', async () => share(await load(1), 'v2') === 0);
  });

  test('requests are told apart by user in the audit log', async () => {
    const text = (await cluster.run('cat', [cluster.auditLog])).stdout;
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { user: { username: string } });
    const users = new Set(lines.map(({ user }) => user.username));
    expect([...users]).toEqual(
      expect.arrayContaining(['admin', 'system:kube-controller-manager', 'kubelet', 'istiod', 'prometheus']),
    );
  });
});

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ClientProxy } from '../cluster/client-proxy.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Execution } from '../cluster/execution.ts';
import { aDeployment, envOf, talkTo } from '../cluster/kubelet/test-cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { up } from '../cluster/up.ts';
import { inTime } from '../cluster/in-time.ts';

jest.setTimeout(240_000);

interface Counts {
  readonly requests: number;
  readonly ok: number;
  readonly failed: number;
  readonly failedTransport: number;
  readonly failedApplication: number;
  readonly failedInfrastructure: number;
  readonly dropped: number;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly failedByVersion: Readonly<Record<string, number>>;
}
interface Line {
  readonly kind: 'tick' | 'summary';
  readonly total: Counts;
  readonly last?: Counts;
  readonly failureSamples?: readonly object[];
}

const CONTROL = '127.0.0.1:9900';

let cluster: Cluster;
let on: ReturnType<typeof talkTo>;
let proxy: ClientProxy;

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
});

beforeAll(async () => {
  cluster = await up({ prometheus: false, crds: ['istio'] });
  on = talkTo(cluster, 'default');
  // Answers take a while, so that some are always on their way when a pod ends.
  await on.apply(aDeployment('web', 3, { env: envOf({ LATENCY_MS: '100' }) }), service('web'));
  await on.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  proxy = await cluster.clientProxy({ namespace: 'default' });
}, 1_800_000);
afterAll(() => (cluster as Cluster | undefined)?.down());

/** Load on a Service through the client's Envoy; `lines` grows while it runs. */
const startLoad = (host: string, rps: number): { execution: Execution; lines: Line[]; end: () => Promise<Line> } => {
  const args = ['load', '--url', proxy.url, '--host', host, '--rps', String(rps), '--control', CONTROL];
  const execution = cluster.exec('sluice-testapp', args);
  const lines: Line[] = [];
  let rest = '';
  execution.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as Line));
  });
  const end = async (): Promise<Line> => {
    await execution.kill('SIGTERM');
    await inTime('the load generator to end', execution.ended);
    const last = lines.at(-1);
    if (last?.kind !== 'summary') throw new Error('the load generator left no summary');
    return last;
  };
  return { execution, lines, end };
};
const served = (lines: readonly Line[], version: string): number => lines.at(-1)?.total.byVersion[version] ?? 0;
const control = async (path: string): Promise<Counts> => {
  const script = `fetch("http://${CONTROL}${path}").then(async (r) => process.stdout.write(await r.text()))`;
  return JSON.parse((await cluster.run('node', ['-e', script])).stdout) as Counts;
};

it('a rolling update under load loses no request', async () => {
  const load = startLoad('web', 200);
  await waitUntil('v1 to serve', () => (served(load.lines, 'v1') > 200 ? true : undefined));
  await on.kubectl('set', 'image', 'deployment/web', 'web=sluice.test/app:v2');
  await on.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  await waitUntil('the old pods to be gone', async () => ((await on.pods('app=web')).length === 3 ? true : undefined));
  const window = await control('/window?reset=1');
  const after = await waitUntil('a window of v2 alone', async () => {
    const counts = await control('/window');
    return counts.requests > 100 ? counts : undefined;
  });
  const { total, failureSamples } = await load.end();
  expect(failureSamples).toEqual([]);
  // What a busy machine kept the generator from sending is nobody's loss.
  expect(total).toMatchObject({ failed: 0, ok: total.requests });
  expect(window.byVersion['v1']).toBeGreaterThan(0);
  expect(Object.keys(after.byVersion)).toEqual(['v2']);
});

it('failures are told apart by who made them', async () => {
  await on.apply(aDeployment('bad', 2, { env: envOf({ ERROR_RATE: '0.25', SHUTDOWN_DELAY_MS: '0' }) }), service('bad'));
  await on.kubectl('rollout', 'status', 'deployment/bad', '--timeout=60s');
  const load = startLoad('bad', 100);
  await waitUntil('the application to serve', () => (served(load.lines, 'v1') >= 100 ? true : undefined));
  const { total: before } = load.lines.at(-1) as Line;
  expect(before.failedByVersion).toEqual({ v1: before.failedApplication });
  await on.kubectl('scale', 'deployment/bad', '--replicas=0');
  await waitUntil('the proxy to have no backend', () => {
    return (load.lines.at(-1)?.last?.failedInfrastructure ?? 0) > 20 ? true : undefined;
  });
  const { total } = await load.end();
  expect(total.failed).toBe(total.failedApplication + total.failedInfrastructure + total.failedTransport);
  const share = total.failedApplication / (total.byVersion['v1'] ?? 1);
  expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
});

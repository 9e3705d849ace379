import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { aDeployment, isReady, talkTo } from '../cluster/kubelet/test-cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { up } from '../cluster/up.ts';

jest.setTimeout(240_000);

let cluster: Cluster;
let on: ReturnType<typeof talkTo>;

beforeAll(async () => {
  cluster = await up({ istio: false, prometheus: false, crds: [], kubelet: 'instant' });
  on = talkTo(cluster, 'default');
}, 1_800_000);
afterAll(() => (cluster as Cluster | undefined)?.down());

const REPLICAS = 300;

it('hundreds of pods are ready at once, roll, and go, with one binding, one status and one removal each', async () => {
  await on.apply(aDeployment('many', REPLICAS));
  await on.kubectl('rollout', 'status', 'deployment/many', '--timeout=120s');
  const pods = await on.pods('app=many');
  expect(pods.filter(isReady)).toHaveLength(REPLICAS);
  expect(new Set(pods.map((pod) => pod.status.podIP)).size).toBe(REPLICAS);
  await on.kubectl('delete', 'deployment', 'many');
  await waitUntil('no pod to be left', async () => ((await on.pods('app=many')).length === 0 ? true : undefined), {
    withinMs: 120_000,
  });
  const verbs = (await readFile(cluster.auditLog, 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"userAgent":"sluice-kubelet"') && line.includes('/pods/'))
    .map((line) => (JSON.parse(line) as { verb: string }).verb);
  const counts = ['create', 'patch', 'delete'].map((verb) => verbs.filter((each) => each === verb).length);
  expect(counts).toEqual([REPLICAS, REPLICAS, REPLICAS]);
});

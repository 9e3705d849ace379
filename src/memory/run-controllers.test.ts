/** What tests can have Kubernetes do; what it does by itself is in the contract of the cluster port. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Condition, Deployment, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { manualClock, type ManualClock } from '../ports/clock.ts';
import { readyEndpoints } from './endpoint-controller.ts';
import { MemoryServer } from './memory-server.ts';
import { runControllers, type MemoryControllers } from './run-controllers.ts';

const user = { user: 'test' };
const at = { gvk: kinds.deployment, namespace: 'shop', name: 'web' };
const aDeployment = (spec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'web:1' }] } },
    ...spec,
  },
});
const template = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'app', image }] } } } });

let clock: ManualClock;
let server: MemoryServer;
let controllers: MemoryControllers;

beforeEach(() => {
  clock = manualClock();
  server = new MemoryServer({ clock });
  controllers = runControllers(server);
  server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, kinds.namespace, user);
});

const create = async (spec: object = {}): Promise<void> => {
  server.create(aDeployment(spec), kinds.deployment, user);
  await clock.advanceAsync(0);
};
const patch = async (body: object): Promise<void> => {
  server.patch(at, { type: 'merge', body: body as Record<string, never> }, {}, user);
  await clock.advanceAsync(0);
};
const web = (): Deployment => server.get(at)!;
const sizes = (): string =>
  server
    .list(kinds.replicaSet)
    .map(({ spec, status }) => `${Number(spec.replicas)}/${Number(status?.['availableReplicas'] ?? 0)}`)
    .join(' ');
const condition = (type: string): Condition | undefined => web().status?.conditions?.find((one) => one.type === type);

describe('pods', () => {
  it('are ready after as long as a test wants', async () => {
    controllers.pods.fate(() => 5000);
    await create();
    await clock.advanceAsync(4999);
    expect(sizes()).toBe('4/0');
    await clock.advanceAsync(1);
    expect(sizes()).toBe('4/4');
  });

  it('are ready when a test says so, and no longer when it says so', async () => {
    controllers.pods.fate(() => 'never');
    await create();
    await clock.advanceAsync(3_600_000);
    expect(sizes()).toBe('4/0');
    controllers.pods.makeReady();
    await clock.advanceAsync(0);
    expect([sizes(), web().status?.readyReplicas]).toEqual(['4/4', 4]);
    const [first] = server.list(kinds.pod);
    controllers.pods.makeUnready(({ metadata }) => metadata.name === first?.metadata.name);
    await clock.advanceAsync(0);
    expect([sizes(), web().status?.readyReplicas]).toEqual(['4/3', 3]);
  });

  it('are refused until a test lifts it, and the Deployment says why', async () => {
    controllers.replicaSets.refuse('web-', 'exceeded quota: pods');
    await create();
    expect(sizes()).toBe('4/0');
    expect(condition('ReplicaFailure')).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: expect.stringMatching(/^pods "web-\w+-\w+" is forbidden: exceeded quota: pods$/) as unknown,
    });
    controllers.replicaSets.refuse('web-', undefined);
    await clock.advanceAsync(0);
    expect([sizes(), condition('ReplicaFailure')]).toEqual(['4/4', undefined]);
  });
});

describe('a roll', () => {
  /** Sizes after each pod of the new template that has become ready. */
  const rolledPodByPod = async (): Promise<readonly string[]> => {
    const seen = [sizes()];
    for (let i = 0; i < 10; i += 1) {
      const pod = server.list(kinds.pod).find(({ status }) => status?.['phase'] === 'Pending');
      if (pod === undefined) return seen;
      controllers.pods.makeReady(({ metadata }) => metadata.name === pod.metadata.name);
      await clock.advanceAsync(0);
      seen.push(sizes());
    }
    return seen;
  };

  it.each([
    [
      'never goes below what is wanted',
      { maxSurge: 1, maxUnavailable: 0 },
      ['4/4 1/0', '3/3 2/1', '2/2 3/2', '1/1 4/3', '0/0 4/4'],
    ],
    [
      'never goes above it',
      { maxSurge: 0, maxUnavailable: 1 },
      ['3/3 1/0', '2/2 2/1', '1/1 3/2', '0/0 4/3', '0/0 4/4'],
    ],
    [
      'goes as far as percentages allow',
      { maxSurge: '50%', maxUnavailable: '25%' },
      ['3/3 3/0', '2/2 4/1', '1/1 4/2', '0/0 4/3', '0/0 4/4'],
    ],
  ])('%s', async (_what, rollingUpdate, expected) => {
    await create({ strategy: { type: 'RollingUpdate', rollingUpdate } });
    controllers.pods.fate(() => 'never');
    await patch(template('web:2'));
    await expect(rolledPodByPod()).resolves.toEqual(expected);
    expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('that makes no progress is out of time at the deadline, and goes on when it does', async () => {
    await create({ progressDeadlineSeconds: 60 });
    controllers.pods.fate(() => 'never');
    await patch(template('web:2'));
    await clock.advanceAsync(59_000);
    expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    await clock.advanceAsync(1000);
    expect(condition('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    controllers.pods.fate(() => 0);
    await clock.advanceAsync(0);
    expect(condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('to another template in the middle of it leaves the second behind', async () => {
    await create({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    controllers.pods.fate(() => 'never');
    await patch(template('web:2'));
    await patch(template('web:3'));
    expect(sizes()).toBe('4/4 0/0 1/0');
    controllers.pods.fate(() => 0);
    await clock.advanceAsync(0);
    expect(sizes()).toBe('0/0 0/0 4/4');
  });

  it('keeps no more ReplicaSets than the history may have', async () => {
    await create({ revisionHistoryLimit: 1 });
    for (const n of [2, 3, 4]) await patch(template(`web:${n}`));
    expect(sizes()).toBe('0/0 4/4');
  });

  it('that is paused in the middle keeps its sizes, and shares what is scaled', async () => {
    await create({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    controllers.pods.fate(() => 'never');
    await patch(template('web:2'));
    await patch({ spec: { paused: true } });
    expect(sizes()).toBe('4/4 1/0');
    await patch({ spec: { replicas: 8 } });
    expect(sizes()).toBe('7/4 2/0');
  });
});

describe('a loop that is told to', () => {
  it('misses what happens until it is told to look', async () => {
    await create();
    controllers.garbage.pause();
    server.remove(at, {}, user);
    await clock.advanceAsync(60_000);
    expect(sizes()).toBe('4/4');
    controllers.garbage.resume();
    await clock.advanceAsync(0);
    expect([sizes(), server.list(kinds.pod)]).toEqual(['', []]);
  });

  it('looks late', async () => {
    await create();
    controllers.garbage.lag(1000);
    server.remove(at, {}, user);
    await clock.advanceAsync(999);
    expect(sizes()).toBe('4/4');
    // The pods are seen to have lost their owner later still.
    await clock.advanceAsync(1001);
    expect([sizes(), server.list(kinds.pod)]).toEqual(['', []]);
  });
});

it('what a deleted Deployment has left behind is taken up by the next one of its name', async () => {
  await create();
  const pods = server.list(kinds.pod).map(({ metadata }) => metadata.uid);
  server.remove(at, { propagation: 'Orphan' }, user);
  await clock.advanceAsync(0);
  expect(sizes()).toBe('4/4');
  await create();
  expect([sizes(), web().status?.availableReplicas]).toEqual(['4/4', 4]);
  expect(server.list(kinds.pod).map(({ metadata }) => metadata.uid)).toEqual(pods);
});

it('what is removed in the foreground goes after what it owns', async () => {
  await create();
  const removed: string[] = [];
  server.subscribe(({ type, object }) => {
    if (type === 'removed') removed.push(object.kind);
  });
  server.remove(at, { propagation: 'Foreground' }, user);
  expect(web().metadata.deletionTimestamp).toBeDefined();
  await clock.advanceAsync(0);
  expect(removed.indexOf('ReplicaSet')).toBeLessThan(removed.indexOf('Deployment'));
  expect(server.get(at)).toBeUndefined();
});

it('a Service publishes the ready ones of the pods it selects', async () => {
  controllers.pods.fate(() => 'never');
  await create();
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } };
  server.create({ ...service, spec: { selector: { app: 'web' } } }, kinds.service, user);
  await clock.advanceAsync(0);
  expect(readyEndpoints(server, 'shop', 'web')).toEqual([]);
  controllers.pods.makeReady();
  await clock.advanceAsync(0);
  expect(readyEndpoints(server, 'shop', 'web')).toHaveLength(4);
});

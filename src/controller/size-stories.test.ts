/** Stories of sizes: who is given load has the pods for it, whatever an autoscaler, a person or a quota makes of the workload. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../schema/kinds.ts';
import { app } from '../../test/support/manifests.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { optedIn, refs, World, type Splitting, type WorldOptions } from '../../test/harness/world.ts';

let world: World;
/** Losses that the story itself brings about: nobody can keep pods that are killed. */
let mayLose = false;

afterEach(() => {
  expect([mayLose ? [] : world.requests.losses, world.bugs]).toEqual([[], []]);
  mayLose = false;
});

const halves = { weights: [50], interval: '10s' };
const begin = async ({ policy, ...options }: WorldOptions = {}): Promise<void> => {
  world = await World.begin({ replicas: 8, ...options, policy: { ...halves, ...policy } });
};
const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);
const canaryPods = (): number => world.serving()['web-canary v2'] ?? 0;
const stablePods = (): number =>
  Object.entries(world.serving()).reduce((sum, [of, pods]) => (of.startsWith('web v') ? sum + pods : sum), 0);

const toldOf = (reason: string): string | undefined => world.events.find((one) => one.reason === reason)?.note;

/** The fewest pods for each hundred of requests that an arm has had while requests were sent to it. */
const watchLoad = (): { readonly most: () => Readonly<Record<'stable' | 'canary', number>> } => {
  const most = { stable: 0, canary: 0 };
  world.server.subscribe(() => {
    const share = world.requests.share() ?? 0;
    if (share > 0) most.canary = Math.max(most.canary, share / canaryPods());
    most.stable = Math.max(most.stable, (100 - share) / stablePods());
  });
  return { most: () => most };
};

const autoscaler = (most = 20): object => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: most },
});

/** In the 50 % step an autoscaler has halved the workload, whose load has halved. */
const halved = async (options: WorldOptions & { readonly most?: number } = {}): Promise<void> => {
  const { most, ...rest } = options;
  await begin({ ...rest, policy: { interval: '60s', ...rest.policy } });
  world.apply(autoscaler(most));
  world.applyVersion('v2');
  await world.until('half of the traffic', (w) => w.requests.share() === 50);
  world.scale(4);
  await world.settle();
};

/** One write puts the size of before back, and ends the release. */
const withReplicas = (version: string): void => {
  const spec = app({ version, replicas: 8 }) as { readonly spec: JsonObject };
  world.apply({ ...spec, metadata: { name: 'web', annotations: optedIn } });
};

const replicas = (): number | undefined => world.get(refs.web)?.spec.replicas;

describe.each(['adopted', 'generated'] as const satisfies readonly Splitting[])(
  'behind a route that is %s',
  (splitting) => {
    it('F5a: an autoscaler halves stable: no pod of the canary carries more for it, and none of stable after the promotion', async () => {
      await halved({ splitting });
      expect([canaryPods(), stablePods()]).toEqual([4, 4]);
      const load = watchLoad();
      await phase('Succeeded');
      expect(load.most().canary).toBe(50 / 4);
      // A native roll of 8 pods may be 2 short.
      expect(load.most().stable).toBeLessThanOrEqual(100 / 6);
      expect([replicas(), stablePods()]).toEqual([8, 8]);
      expect(world.told()).toContain('StableGrowing');
    });

    const ways: readonly (readonly [string, string, () => void])[] = [
      ['is aborted on request', 'Aborted', () => world.ask('abort')],
      ['is aborted by the template of before', 'Aborted', () => void world.applyVersion('v1')],
      ['opts out', 'Aborted', () => void world.applyVersion('v2', { 'sluice.dev/canary': 'disabled' })],
      ['fails', 'Failed', () => world.metrics.say('fail')],
      ['is superseded', 'Superseded', () => void world.applyVersion('v3')],
      ['is superseded by a manifest that has the replicas in it', 'Superseded', () => withReplicas('v3')],
      ['is aborted by a manifest that has the replicas in it', 'Aborted', () => withReplicas('v1')],
    ];
    it.each(ways)(
      'F5b: an autoscaler halves stable and the release %s: stable grows before it gets everything',
      async (_way, end, go) => {
        await halved({ splitting, policy: { interval: '10s', threshold: 1 } });
        const load = watchLoad();
        world.kubernetes.pods.fate(() => 5000);
        go();
        await world.until(end, (w) => w.releases()[0]?.phase === end);
        // A native roll of 8 pods may be 2 short.
        expect(load.most().stable).toBeLessThanOrEqual(100 / 6);
        expect(replicas()).toBe(8);
      },
    );
  },
);

it('F5b: a workload is not made larger than its autoscaler may make it', async () => {
  await halved({ most: 6 });
  world.ask('abort');
  await phase('Aborted');
  expect(replicas()).toBe(6);
});

it('F5b: an autoscaler that makes stable smaller again has the last word', async () => {
  await halved();
  world.kubernetes.pods.fate(() => 30_000);
  world.ask('abort');
  await world.until('the size of before', () => replicas() === 8);
  await world.pass(1000);
  world.scale(5);
  await phase('Aborted');
  expect(replicas()).toBe(5);
});

it('F5b: stable grows into the room of the canary where a quota leaves no other', async () => {
  await halved({ policy: { progressDeadline: '10m' } });
  world.kubernetes.replicaSets.quota(9);
  const load = watchLoad();
  const since = world.clock.now();
  world.applyVersion('v3');
  await world.until('the end', (w) => w.releases()[0]?.phase === 'Superseded');
  expect(load.most().stable).toBeLessThanOrEqual(100 / 8 + 0.2);
  expect(world.clock.now() - since).toBeLessThan(60_000);
  world.kubernetes.replicaSets.quota(undefined);
});

it('F5b: pods of stable that do not start keep callers on a canary that has failed for a minute at most', async () => {
  await halved({ policy: { interval: '10s', threshold: 1, progressDeadline: '10m' } });
  world.kubernetes.pods.fate(() => 'never');
  world.metrics.say('fail');
  await phase('Failing');
  const since = world.clock.now();
  expect(world.release()?.message).toContain('the workload grows from 4 to 8 replicas');
  await phase('Failed');
  expect(world.clock.now() - since).toBeLessThanOrEqual(65_000);
});

it('F5: a person who scales the workload down, without an autoscaler, keeps that size; the canary keeps its pods', async () => {
  await begin({ policy: { interval: '60s' } });
  world.applyVersion('v2');
  await world.until('half of the traffic', (w) => w.requests.share() === 50);
  world.scale(4);
  await world.settle();
  expect([canaryPods(), stablePods()]).toEqual([4, 4]);
  await phase('Succeeded');
  await world.settle();
  expect(replicas()).toBe(4);
});

it('F5: a controller that is killed while stable grows goes on, and gives the size once', async () => {
  await halved();
  world.kubernetes.pods.fate(() => 20_000);
  world.ask('abort');
  await world.until('the size of before', () => replicas() === 8);
  world.kill();
  world.start();
  await phase('Aborted');
  expect([replicas(), stablePods()]).toEqual([8, 8]);
});

describe.each(['adopted', 'generated', 'replicas'] as const satisfies readonly Splitting[])(
  'split that is %s',
  (splitting) => {
    const quarter = { weights: [25], interval: '3s', progressDeadline: '20s' };

    it('F6: a quota of one pod more than the replicas: the canary makes way for its own promotion', async () => {
      await begin({ splitting, replicas: 3, policy: quarter });
      world.kubernetes.replicaSets.quota(4);
      world.applyVersion('v2');
      await phase('Succeeded');
      expect(toldOf('PromotionLacksRoom')).toContain(
        'exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4',
      );
      expect([world.serving(), world.remains()]).toEqual([{ 'web v2': 3 }, []]);
    });

    it('F6: larger workloads too: no more pods are given back than stable can serve without', async () => {
      await begin({ splitting, replicas: 10, policy: { ...quarter, weights: [50] } });
      world.kubernetes.replicaSets.quota(splitting === 'replicas' ? 20 : 15);
      world.applyVersion('v2');
      const load = watchLoad();
      await phase('Succeeded');
      // A native roll of 10 pods may be 2 short.
      expect(load.most().stable).toBeLessThanOrEqual(100 / 8);
      expect(world.serving()).toEqual({ 'web v2': 10 });
    });

    it('F6: a promotion that stands still says so at the deadline, with the words of the quota, and goes on when there is room', async () => {
      await begin({ splitting, replicas: 3, policy: quarter });
      world.applyVersion('v2');
      await world.until('the first step', (w) => w.release()?.step === 1);
      world.kubernetes.replicaSets.quota(3);
      await world.until('the deadline', (w) => w.told().includes('PromotionStuck'));
      await world.pass(600_000);
      expect(world.release()).toMatchObject({
        phase: 'Promoting',
        message: expect.stringMatching(/^promotion is stuck: .*exceeded quota/) as unknown,
      });
      expect(stablePods()).toBeGreaterThanOrEqual(3);
      world.kubernetes.replicaSets.quota(undefined);
      await phase('Succeeded');
      expect(world.serving()).toEqual({ 'web v2': 3 });
    });

    it('F6: pods of the canary that are lost to the promotion do not make it fail', async () => {
      await begin({ splitting, replicas: 4, policy: quarter });
      world.kubernetes.pods.fate(({ metadata }) => (metadata.name.startsWith('web-canary') ? 0 : 8000));
      world.applyVersion('v2');
      await phase('Promoting');
      mayLose = true;
      world.kubernetes.pods.makeUnready(({ metadata }) => metadata.name.startsWith('web-canary'));
      await world.until('the end', (w) => w.release()?.over === true);
      expect(world.release()?.phase).toBe('Succeeded');
    });
  },
);

it('F6: full nodes: the pods of the workload are looked at when nothing moves, and the canary makes way', async () => {
  await begin({ replicas: 3, policy: { weights: [25], interval: '3s' } });
  world.kubernetes.pods.fate(({ metadata }) => (metadata.name.startsWith('web-canary') ? 0 : 'never'));
  world.applyVersion('v2');
  await world.until('a pod of the roll', (w) =>
    w.pods().some(({ owner, version }) => owner === 'web' && version === 'v2'),
  );
  const pending = world.pods().find(({ owner, version }) => owner === 'web' && version === 'v2');
  const words = '0/1 nodes are available: 1 Too many pods.';
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: words }];
  const pod = { gvk: kinds.pod, namespace: 'shop', name: pending?.name ?? '' };
  const body = { status: { conditions } };
  world.server.patch(pod, { type: 'merge', body }, { subresource: 'status' }, { user: 'system:kube-scheduler' });
  const since = world.clock.now();
  await world.until('room', () =>
    world.server.list(kinds.pod).every(({ metadata }) => !metadata.name.startsWith('web-canary')),
  );
  expect(world.clock.now() - since).toBeLessThan(15_000);
  expect(toldOf('PromotionLacksRoom')).toContain(words);
  world.kubernetes.pods.fate(() => 0);
  await phase('Succeeded');
});

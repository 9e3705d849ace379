/** Stories of workloads that are deleted in the middle of a release: for good, or to be made again. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../schema/kinds.ts';
import { namespace, refs, World, type Splitting, type WorldOptions } from '../../test/harness/world.ts';
import type { KubeObject } from '../values/kube-object.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const ofWeb = ({ metadata }: KubeObject): boolean => !metadata.name.startsWith('web-canary-');
const nothingLeft = (): Promise<void> => world.until('nothing to be left', (w) => w.remains().length === 0);
/** With a mesh: the share of the canary. Without, its pods are behind the Service. */
const canaryShare = (splitting: Splitting): number | undefined =>
  splitting === 'replicas' ? 100 : world.requests.share();
const splittings: readonly Splitting[] = ['adopted', 'generated', 'replicas'];

describe.each(splittings)('a Deployment is deleted in the middle, its split is %s', (splitting) => {
  it('D6: made again, the canary has served everything until the new pods were known', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.remove(refs.web);
    await world.settle();
    const canary = { 'web-canary v2': world.get(refs.canary)?.spec.replicas };
    expect([canaryShare(splitting), world.serving()]).toEqual([100, canary]);
    const before = world.requests.losses.length;
    world.kubernetes.pods.fate((pod) => (ofWeb(pod) ? 40_000 : 0));
    world.applyVersion('v3');
    await world.pass(39_000);
    expect([canaryShare(splitting), world.serving()]).toEqual([100, canary]);
    await world.until('the new pods', (w) => w.rolledOut());
    await nothingLeft();
    expect([world.serving(), world.requests.losses.slice(before)]).toEqual([{ 'web v3': 4 }, []]);
    expect(world.releases()).toEqual([]);
  });

  it('D6: made again with pods that never come, the canary goes on: nobody withdraws the only ready pods', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web);
    await world.settle();
    world.kubernetes.pods.fate((pod) => (ofWeb(pod) ? 'never' : 0));
    world.applyVersion('v3');
    await world.settle();
    const { requests } = world.instance.cluster;
    const before = requests.length;
    await world.pass(3_600_000);
    expect([canaryShare(splitting), world.serving()]).toEqual([100, { 'web-canary v2': 1 }]);
    // The end of the rollout's deadline is heard of, and nothing else.
    expect(requests.length - before).toBeLessThan(5);
  });

  it('D6: for good, the canary serves for a minute, then routes are given back, then it goes', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web);
    await world.pass(59_000);
    expect([canaryShare(splitting), world.serving()]).toEqual([100, { 'web-canary v2': 1 }]);
    await world.pass(2000);
    expect(world.requests.share() ?? 0).toBe(0);
    await world.pass(30_000);
    expect([world.remains(), world.pods()]).toEqual([[], []]);
  });

  it('D6: in the foreground, the canary serves while the pods stop', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web, { propagation: 'Foreground' });
    await world.pass(10_000);
    expect([canaryShare(splitting), world.serving()]).toEqual([100, { 'web-canary v2': 1 }]);
    world.applyVersion('v3');
    await world.until('the new pods', (w) => w.rolledOut());
    await nothingLeft();
    expect(world.serving()).toEqual({ 'web v3': 4 });
  });

  it('D6: its pods stay (--cascade=orphan), so they serve, and the canary goes at once', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web, { propagation: 'Orphan' });
    await world.pass(30_000);
    expect([world.remains(), world.serving(), world.requests.losses]).toEqual([[], { ' v1': 4 }, []]);
  });

  it('D6: while no controller runs, and made again', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.kill();
    world.remove(refs.web);
    await world.pass(60_000);
    world.kubernetes.pods.fate((pod) => (ofWeb(pod) ? 20_000 : 0));
    world.applyVersion('v3');
    await world.settle();
    world.start();
    await world.pass(5000);
    expect([canaryShare(splitting), world.serving()]).toEqual([100, { 'web-canary v2': 1 }]);
    await world.until('the new pods', (w) => w.rolledOut());
    await nothingLeft();
    expect(world.serving()).toEqual({ 'web v3': 4 });
  });
});

it('D6: the Service is deleted with the Deployment: nobody calls, and the canary goes at once', async () => {
  await begin();
  world.applyVersion('v2');
  await atStep(1);
  world.remove(refs.service);
  world.remove(refs.web);
  await world.pass(15_000);
  expect(world.server.list(kinds.deployment, namespace)).toEqual([]);
});

/** Stories of canaries whose pods do not stay ready: the real controller on a cluster in memory. */
import { expect, test } from '@jest/globals';
import { refs, World, type Splitting } from '../../test/harness/world.ts';

const isCanary = ({ metadata }: { readonly metadata: { readonly name: string } }): boolean =>
  metadata.name.startsWith('web-canary');
const routeWrites = ({ instance }: World): number =>
  instance.cluster.writes.filter(({ ref }) => ref.gvk.kind === refs.route.gvk.kind).length;

const atFirstStep = async (splitting: Splitting = 'adopted'): Promise<World> => {
  const world = await World.begin({ splitting });
  world.applyVersion('v2');
  await world.until('the first step', (w) => w.release()?.phase === 'Progressing');
  await world.pass(1000);
  return world;
};

const splittings: readonly Splitting[] = ['adopted', 'generated', 'replicas'];

test.each(splittings)(
  'F9: a canary that crashes every few seconds is given up, with its last words (%s)',
  async (by) => {
    const world = await atFirstStep(by);
    for (let i = 0; i < 100 && world.release()?.over !== true; i += 1) {
      world.kubernetes.pods.makeUnready(isCanary);
      await world.pass(10_000);
      world.kubernetes.pods.makeReady(isCanary);
      await world.pass(6000);
    }
    expect(world.release()).toMatchObject({ phase: 'Failed', reason: 'CanaryNotReady', step: 1 });
    expect(world.release()?.message).toMatch(/s in all, over \d+ times: .*CrashLoopBackOff/);
    expect(world.serving()).toEqual({ 'web v1': 4 });
    expect(world.bugs).toEqual([]);
  },
);

test('D8: a canary that flaps for two minutes is told of once, and writes its route a few times', async () => {
  const world = await atFirstStep();
  const before = routeWrites(world);
  for (let i = 0; i < 20; i += 1) {
    world.kubernetes.pods.makeUnready(isCanary);
    await world.pass(3000);
    world.kubernetes.pods.makeReady(isCanary);
    await world.pass(3000);
  }
  // Of forty changes two reach the route: out, in after the first time, and out again.
  expect(routeWrites(world) - before).toBeLessThanOrEqual(3);
  // On the workload and on the Release.
  expect(world.told().filter((reason) => reason === 'CanaryFlapping')).toHaveLength(2);
  expect(world.told().filter((reason) => reason === 'CrashLoopBackOff')).toHaveLength(2);
  await world.pass(120_000);
  await world.until('the end', (w) => w.release()?.over === true);
  expect(world.release()?.phase).toBe('Succeeded');
  expect(world.bugs).toEqual([]);
});

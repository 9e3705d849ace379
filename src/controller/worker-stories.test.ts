/** Stories of workloads without a Service that only their namespace opts in. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../schema/kinds.ts';
import { namespace, refs, World } from '../../test/harness/world.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

/** Nobody has written a word on the workload. */
const begin = async (): Promise<void> => {
  world = await World.begin({ splitting: 'replicas' });
  world.remove(refs.service);
  world.applyVersion('v1', {});
  world.patch({ gvk: kinds.namespace, name: namespace }, { metadata: { labels: { 'sluice.dev/canary': 'enabled' } } });
  await world.settle();
};
const rolled = (version: string): Promise<void> =>
  world.until(
    `the roll to ${version}`,
    (w) => w.rolledOut() && w.serving()[`web ${version}`] === 4 && w.remains().length === 0,
  );

describe('F16: a worker in an opted-in namespace', () => {
  it('F16: rolls natively, at once, and its Release says why', async () => {
    await begin();
    const start = world.clock.now();
    world.applyVersion('v2', {});
    await rolled('v2');
    expect(world.clock.now() - start).toBeLessThan(5000);
    expect(world.release()).toMatchObject({ phase: 'Skipped', reason: 'NoService' });
    expect(world.release()?.message).toContain('no Service selects its pods');
    expect(world.get(refs.web)?.spec.paused).toBeUndefined();
    expect(world.told()).not.toContain('ReleaseBypassed');
    world.applyVersion('v3', {});
    await rolled('v3');
    expect(world.releases().map(({ phase }) => phase)).toEqual(['Skipped', 'Skipped']);
  });

  it('F16: one that opts in itself waits for a Service, as its release asks for', async () => {
    await begin();
    world.applyVersion('v2', { 'sluice.dev/canary': 'enabled' });
    await world.settle();
    expect(world.release()).toMatchObject({
      phase: 'Pending',
      message: expect.stringContaining('no Service') as unknown,
    });
  });
});

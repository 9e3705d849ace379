/** Stories of workloads that are released again and again. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { World } from '../../test/harness/world.ts';

let world: World;

afterEach(() => expect([world.requests.losses, world.bugs]).toEqual([[], []]));

const over = (): Promise<void> =>
  world.until('the end', (w) => w.release()?.over === true && w.remains().length === 0 && w.rolledOut());
const released = async (version: string): Promise<void> => {
  world.applyVersion(version);
  await world.settle();
  await over();
};

describe('F17: old Releases', () => {
  it('F17: are deleted beyond the limit of the policy, the oldest first', async () => {
    world = await World.begin({ policy: { historyLimit: 2 } });
    for (const version of ['v2', 'v3', 'v4', 'v5']) await released(version);
    expect(world.releases().map(({ phase }) => phase)).toEqual(['Succeeded', 'Succeeded']);
    expect(world.serving()).toEqual({ 'web v5': 4 });
  });

  it('F17: are ten without a word about it', async () => {
    world = await World.begin({ policy: { weights: [50], interval: '1s', rollback: 'canary' } });
    for (let i = 2; i < 14; i += 1) await released(`v${i}`);
    expect(world.releases()).toHaveLength(10);
  });

  it('F17: stay while the workload refers to them: what failed and was put back is named when it comes again', async () => {
    world = await World.begin({ policy: { historyLimit: 1, onFailure: 'revert' } });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await world.until('the failure', (w) => w.release()?.phase === 'Failed' && w.rolledOut());
    world.metrics.say('pass');
    for (const version of ['v3', 'v4']) await released(version);
    expect(world.releases().map(({ phase }) => phase)).toEqual(['Failed', 'Succeeded']);
  });
});

/** Stories of workloads that are scaled to 0 in the middle of a release. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../schema/kinds.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import { namespace, refs, World, type Splitting, type WorldOptions } from '../../test/harness/world.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const over = (): Promise<void> => world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
const status = (): ReleaseStatus | undefined => world.server.list(kinds.release, namespace).at(-1)?.status;
const canarySize = (): number | undefined => world.get(refs.canary)?.spec.replicas;
const splittings: readonly Splitting[] = ['adopted', 'generated', 'replicas'];

describe.each(splittings)('a workload scaled to 0 whose split is %s', (splitting) => {
  it('F18: takes its canary with it, and is not promoted', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.scale(0);
    await world.pass(600_000);
    expect([canarySize(), world.requests.share() ?? 0, world.serving()]).toEqual([0, 0, {}]);
    expect(world.release()).toMatchObject({
      phase: 'Progressing',
      message: expect.stringContaining('scaled to 0') as unknown,
    });
    expect(status()?.waiting?.reason).toBe('ScaledToZero');
  });

  it('D7: scaled up again, stable serves first, and the plan begins anew', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.scale(0);
    await world.pass(60_000);
    world.kubernetes.pods.fate(({ metadata }) => (metadata.name.startsWith('web-canary-') ? 0 : 20_000));
    world.scale(4);
    await world.pass(10_000);
    expect([canarySize(), world.requests.share() ?? 0]).toEqual([0, 0]);
    await atStep(1);
    expect(world.serving()).toMatchObject({ 'web v1': 4 });
    world.kubernetes.pods.fate(() => 0);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
    await world.until('nothing to be left', (w) => w.remains().length === 0);
  });

  it('D7: in a promotion, it is over when the new pods are there', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.kubernetes.pods.fate(({ metadata }) => (metadata.name.startsWith('web-canary-') ? 0 : 20_000));
    await world.until('promoting', (w) => w.release()?.phase === 'Promoting');
    world.scale(0);
    await world.pass(120_000);
    expect(world.release()?.phase).toBe('Promoting');
    world.scale(4);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
    expect(world.serving()).toEqual({ 'web v2': 4 });
  });

  it('F18: aborted while it is off, nothing of the release is left', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.scale(0);
    await world.pass(10_000);
    world.ask('abort');
    await world.until('the end', (w) => w.release()?.over === true);
    await world.until('nothing to be left', (w) => w.remains().length === 0);
    world.scale(4);
    await world.until('the pods', (w) => w.rolledOut());
    expect(world.serving()).toEqual({ 'web v1': 4 });
  });
});

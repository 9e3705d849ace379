/** Stories of templates that failed, or were aborted, and come back: a tool that heals itself applies what is in Git. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { refs, World, type WorldOptions } from '../../test/harness/world.ts';

let world: World;

afterEach(() => {
  expect([world.requests.losses, world.bugs]).toEqual([[], []]);
});

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);
const backAgain = (): Promise<void> =>
  world.until('the stable template', (w) => w.remains().length === 0 && w.rolledOut());
/** As a tool that looks every few seconds whether the cluster is as Git says. */
const healed = async (version: string, times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) {
    world.applyVersion(version);
    await world.pass(5000);
  }
};
const seen = () => ({
  releases: world.releases().map(({ phase: of }) => of),
  paused: world.get(refs.web)?.spec.paused === true,
  serves: world.serving(),
  canary: world.get(refs.canary) !== undefined,
});
const v1Serves = { 'web v1': 4 };

describe('F7: on-failure revert beside a tool that heals itself', () => {
  it('F7: the same manifest applied 20 times is one release, and the answer names it and retry', async () => {
    await begin({ policy: { onFailure: 'revert' } });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await backAgain();
    world.warnings.length = 0;
    await healed('v2', 20);
    expect(seen()).toEqual({ releases: ['Failed'], paused: true, serves: v1Serves, canary: false });
    const { name } = world.release()!;
    expect(world.warnings[0]).toContain(`release ${name} of this template has failed`);
    expect(world.warnings[1]).toContain('kubectl sluice retry web -n shop');
    expect(world.rolloutProblem()).toMatch(new RegExp(`^ProgressDeadlineExceeded: release ${name} failed: `));
  });

  it('F7: retry starts it again, and what is promoted then is no longer remembered', async () => {
    await begin({ policy: { onFailure: 'revert' } });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await backAgain();
    await healed('v2', 2);
    world.metrics.say('pass');
    world.ask('retry');
    await world.until('another attempt', (w) => w.releases().length === 2);
    await phase('Succeeded');
    await backAgain();
    expect(seen()).toEqual({
      releases: ['Failed', 'Succeeded'],
      paused: false,
      serves: { 'web v2': 4 },
      canary: false,
    });
    expect(Object.keys(world.get(refs.web)?.metadata.annotations ?? {})).not.toContain('sluice.dev/failed');
  });

  it('F7: a retry that fails as well is held again, and no loop comes of it', async () => {
    await begin({ policy: { onFailure: 'revert' } });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await backAgain();
    await healed('v2', 2);
    world.ask('retry');
    await world.until('another attempt', (w) => w.releases().length === 2);
    await phase('Failed');
    await backAgain();
    await healed('v2', 5);
    expect(seen()).toEqual({ releases: ['Failed', 'Failed'], paused: true, serves: v1Serves, canary: false });
    world.ask('retry');
    await world.until('a third attempt', (w) => w.releases().length === 3);
  });

  it('F7: another version goes ahead, and the failed one is held over what it brought', async () => {
    await begin({ policy: { onFailure: 'revert' } });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await backAgain();
    await healed('v2', 1);
    world.metrics.say('pass');
    world.applyVersion('v3');
    await phase('Succeeded');
    await backAgain();
    await healed('v2', 3);
    expect(seen()).toMatchObject({ releases: ['Failed', 'Succeeded'], paused: true, serves: { 'web v3': 4 } });
    // Back means what serves now, not what served then.
    world.ask('abort');
    await backAgain();
    expect(seen()).toMatchObject({ paused: false, serves: { 'web v3': 4 } });
  });
});

describe('F7: after an abort by a person', () => {
  it('F7: the aborted version that a tool applies again is held, until retry', async () => {
    await begin();
    world.applyVersion('v2');
    await phase('Progressing');
    world.ask('abort');
    await phase('Aborted');
    await backAgain();
    world.warnings.length = 0;
    await healed('v2', 20);
    expect(seen()).toEqual({ releases: ['Aborted'], paused: true, serves: v1Serves, canary: false });
    expect(world.warnings[0]).toMatch(/^release web-\d+ of this template was aborted/);
    world.ask('retry');
    await world.until('another attempt', (w) => w.releases().length === 2);
    await phase('Succeeded');
  });
});

describe('going back from a failed release that is held', () => {
  it('C3: kubectl sluice abort puts the earlier version back, once', async () => {
    await begin();
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await world.settle();
    world.ask('abort');
    await backAgain();
    expect([world.release()?.answer, seen()]).toEqual([
      'accepted',
      { releases: ['Failed'], paused: false, serves: v1Serves, canary: false },
    ]);
    // The tool brings it again: held, and nobody puts it back a second time.
    await world.pass(1000);
    await healed('v2', 3);
    expect(seen()).toEqual({ releases: ['Failed'], paused: true, serves: v1Serves, canary: false });
  });
});

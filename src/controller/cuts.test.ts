/**
 * The controller is killed before and after every single write of a release, and another one is started: the end is always
 * the same. So it is when a write is refused once, or its answer is lost.
 */
import { describe, expect, it, jest } from '@jest/globals';
import { conflict, faultAt, writeText, type ClientWrite, type Fault } from '../memory/faults.ts';
import { snapshot } from '../../test/harness/snapshot.ts';
import { propagation, refs, World, type WorldOptions } from '../../test/harness/world.ts';

// Some hundred whole releases in each test.
jest.setTimeout(60_000);

type Story = {
  readonly options?: WorldOptions;
  /** What people do, and when. */
  readonly tell: (world: World) => Promise<void>;
};

const over = (world: World): Promise<void> =>
  world.until('the end', (w) => w.release()?.over === true && w.remains().length === 0 && w.rolledOut());
const atStep = (world: World, step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);

const promoted: Story = {
  tell: async (world) => {
    world.applyVersion('v2');
    await over(world);
  },
};

const aborted: Story = {
  tell: async (world) => {
    world.applyVersion('v2');
    await atStep(world, 2);
    world.applyVersion('v1');
    await over(world);
  },
};

const superseded: Story = {
  tell: async (world) => {
    world.applyVersion('v2');
    await atStep(world, 1);
    world.applyVersion('v3');
    await world.until('the next', (w) => w.releases().length === 2);
    await over(world);
  },
};

const stories: Readonly<Record<string, Story>> = {
  'is promoted': promoted,
  'is promoted in a route of its own': { ...promoted, options: { splitting: 'generated' } },
  'is promoted by replicas': { ...promoted, options: { splitting: 'replicas' } },
  'fails, and is held': {
    tell: async (world) => {
      world.metrics.say('fail');
      world.applyVersion('v2');
      await world.until('the failure', (w) => w.release()?.phase === 'Failed' && w.rolloutProblem() !== undefined);
    },
  },
  'fails, and is put back': {
    options: { policy: { onFailure: 'revert' } },
    tell: async (world) => {
      world.metrics.say('fail');
      world.applyVersion('v2');
      await over(world);
    },
  },
  'is tried again': {
    tell: async (world) => {
      world.metrics.say('fail');
      world.applyVersion('v2');
      await world.until('the failure', (w) => w.release()?.phase === 'Failed' && w.rolloutProblem() !== undefined);
      world.metrics.say('pass');
      world.ask('retry');
      await world.until('another attempt', (w) => w.releases().length === 2);
      await over(world);
    },
  },
  'is aborted by the template of before': aborted,
  'is aborted in a route of its own': { ...aborted, options: { splitting: 'generated' } },
  'is aborted on request': {
    tell: async (world) => {
      world.applyVersion('v2');
      await atStep(world, 1);
      world.ask('abort');
      await over(world);
    },
  },
  'is superseded': superseded,
  'is superseded, and split by replicas': { ...superseded, options: { splitting: 'replicas' } },
  'goes with its workload': {
    tell: async (world) => {
      world.applyVersion('v2');
      await atStep(world, 1);
      world.remove(refs.web);
      await world.until('nothing to be left', (w) => w.remains().length === 0 && w.pods().length === 0);
    },
  },
  'is opted out of': {
    tell: async (world) => {
      world.applyVersion('v2');
      await atStep(world, 1);
      world.applyVersion('v2', { 'sluice.dev/canary': 'disabled' });
      await over(world);
    },
  },
};

type Hit = { readonly at: number; readonly fault: Fault };
type End = { readonly end: object; readonly losses: readonly string[]; readonly bugs: readonly string[] };

/** The end of the story, and what its first controller wrote, which meets the fault at its n-th write. */
const endOf = async (
  { options, tell }: Story,
  hit?: Hit,
  slowestProxy = propagation - 1,
): Promise<End & { readonly writes: readonly ClientWrite[] }> => {
  const world = await World.begin({ replicas: 2, slowestProxy, ...options });
  world.restart();
  const first = world.instance.cluster;
  if (hit !== undefined) first.plan(faultAt(hit.at, hit.fault));
  await tell(world);
  await world.pass(60_000);
  const losses = world.get(refs.web) === undefined ? [] : world.requests.losses;
  return { end: snapshot(world.server), losses, bugs: world.bugs, writes: first.writes };
};

const endsTheSame = async (story: Story, fault: Fault, slowestProxy: number): Promise<void> => {
  const { writes, ...uncut } = await endOf(story);
  expect([uncut.losses, uncut.bugs, writes.length > 5]).toEqual([[], [], true]);
  for (const [at, write] of writes.entries()) {
    const { writes: _, ...other } = await endOf(story, { at, fault }, slowestProxy);
    expect({ at: writeText(write), ...other }).toEqual({ at: writeText(write), ...uncut });
  }
};

const told = Object.entries(stories);

describe.each(told)('a release that %s ends the same', (_name, story) => {
  it.each(['cut-before', 'cut-after'] as const)('after a %s at every write', (kind) =>
    endsTheSame(story, { kind }, propagation - 1),
  );
});

// Whose route it is makes no difference to who is told that a write did not go through.
describe.each(told.filter(([, { options }]) => options?.splitting === undefined))(
  'a release that %s ends the same',
  (_name, story) => {
    // A route that is put back at the second attempt only is given up to a second less; see below.
    it.each([
      ['conflict', conflict],
      ['lost answer', { kind: 'lost-answer' }],
    ] as const)('after a %s at every write', (_what, fault) => endsTheSame(story, fault, propagation - 1000));
  },
);

// What the canary's counters say is asked when the delay is over, and known a moment later than a second attempt takes.
it('no canary goes earlier than the delay after its route has come back, at whichever attempt', async () => {
  const { writes } = await endOf(aborted);
  for (const [at] of writes.entries())
    await expect(endOf(aborted, { at, fault: conflict })).resolves.toHaveProperty('losses', []);
});

/** What holds whatever happens to a release, in whatever order, at whatever moment. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { calm, gentle, play, rough, scheduleText, type Turn } from '../../test/harness/moves.ts';
import { optedIn, propagation, refs, World, type Splitting } from '../../test/harness/world.ts';

jest.setTimeout(120_000);

// The same schedule has the same story: retries are not spread.
beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

const splitting = fc.constantFrom<Splitting>('adopted', 'generated', 'replicas');
const onFailure = fc.constantFrom('hold' as const, 'revert' as const);
/** A route that could not be put back at once is given up to a second less; see cuts.test.ts. */
const slowestProxy = propagation - 1001;

const aWorld = async (split: Splitting, failure: 'hold' | 'revert'): Promise<World> => {
  const world = await World.begin({ splitting: split, replicas: 2, slowestProxy, policy: { onFailure: failure } });
  world.restart();
  return world;
};

/** Also a template that was aborted, put back and applied again. */
const isHeld = (world: World): boolean => {
  const { spec, metadata } = world.get(refs.web) ?? {};
  return spec?.paused === true && metadata?.annotations?.['sluice.dev/phase'] === 'Failed';
};

/** Nothing is under way: everything is over, and nothing is left but the marks of a template that is held. */
const rests = (world: World): boolean => {
  const remains = world.remains().filter((what) => !what.startsWith('marks of '));
  if (!world.releases().every(({ over }) => over) || remains.length > 0) return false;
  return isHeld(world) || world.get(refs.web) === undefined || (world.rolledOut() && world.remains().length === 0);
};

/** Lifts pauses of people, which are theirs to lift. */
const comesToRest = async (world: World): Promise<void> => {
  await world.until('rest', (w) => rests(w) || isPausedByPeople(w), 1_800_000);
  if (isPausedByPeople(world)) world.patch(refs.web, { spec: { paused: null } });
  await world.until('rest', rests, 1_800_000);
};

const isPausedByPeople = (world: World): boolean => {
  const { spec, metadata } = world.get(refs.web) ?? {};
  if (spec?.paused !== true || isHeld(world)) return false;
  const phase = metadata?.annotations?.['sluice.dev/phase'];
  return metadata?.annotations?.['sluice.dev/release'] === undefined || phase === 'UserPaused' || phase === 'Promoting';
};

const withWords = async (world: World, turns: readonly Turn[], hold: () => Promise<void>): Promise<void> => {
  try {
    await hold();
    expect(world.bugs).toEqual([]);
  } catch (error) {
    throw new Error(`after ${scheduleText(turns)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};

describe('whatever people do and however unlucky the controller is', () => {
  it('every release ends, nothing is left of it, no request is lost, and nothing happens after the end', async () => {
    await fc.assert(
      fc.asyncProperty(splitting, onFailure, gentle, async (split, failure, turns) => {
        const world = await aWorld(split, failure);
        await play(world, turns);
        await withWords(world, turns, async () => {
          await calm(world);
          await comesToRest(world);
          await world.pass(10_000);
          const { version } = world.server;
          await world.pass(3_600_000);
          expect([world.requests.losses, world.server.version - version]).toEqual([[], 0]);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('whatever breaks', () => {
  it('every release ends, and nothing is left of it, once it is mended', async () => {
    await fc.assert(
      fc.asyncProperty(splitting, onFailure, rough, async (split, failure, turns) => {
        const world = await aWorld(split, failure);
        await play(world, turns);
        await withWords(world, turns, async () => {
          await calm(world);
          await comesToRest(world);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('who puts the template of before back', () => {
  it('has it serving in the end, whatever has happened until then', async () => {
    await fc.assert(
      fc.asyncProperty(splitting, onFailure, rough, async (split, failure, turns) => {
        const world = await aWorld(split, failure);
        world.applyVersion('v2');
        await play(world, turns);
        await withWords(world, turns, async () => {
          await calm(world);
          world.applyVersion('v1', { ...optedIn, 'sluice.dev/skip': 'the way back' });
          await comesToRest(world);
          await world.pass(10_000);
          expect(Object.keys(world.serving())).toEqual(['web v1']);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('wins over a release at every moment before its promotion', async () => {
    const moments = fc.constantFrom(0, 500, 1000, 2000, 2500, 5000, 12_000, 15_000, 22_000, 60_000);
    await fc.assert(
      fc.asyncProperty(splitting, moments, fc.boolean(), async (split, moment, byRequest) => {
        const policy = { approval: 'required' as const };
        const world = await World.begin({ splitting: split, replicas: 2, slowestProxy, policy });
        world.applyVersion('v2');
        await world.pass(moment);
        if (byRequest) world.ask('abort');
        else world.applyVersion('v1');
        await comesToRest(world);
        expect([world.release()?.phase, world.serving(), world.requests.losses]).toEqual([
          'Aborted',
          { 'web v1': 2 },
          [],
        ]);
      }),
      { numRuns: 30 },
    );
  });
});

it('what is promoted is what was judged: the template that the canary ran', async () => {
  await fc.assert(
    fc.asyncProperty(splitting, gentle, async (split, turns) => {
      const world = await aWorld(split, 'hold');
      const promoted: { readonly judged: boolean; readonly same: boolean }[] = [];
      world.onPromotion((promotion) => promoted.push(promotion));
      await play(world, turns);
      await withWords(world, turns, async () => {
        await calm(world);
        await comesToRest(world);
        expect(promoted.filter(({ judged, same }) => !judged || !same)).toEqual([]);
      });
    }),
    { numRuns: 40 },
  );
});

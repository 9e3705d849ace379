/** D10: stories of clocks that are set in the middle of a release: the real controller and its clock on a cluster in memory. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { refs, World } from '../../test/harness/world.ts';

const minutes = 60_000;
let world: World;

afterEach(() => expect([world.requests.losses, world.bugs]).toEqual([[], []]));

/** Preparing, with pods that need 6 s. */
const preparing = async (): Promise<void> => {
  world = await World.begin({ policy: { progressDeadline: '300s' } });
  world.kubernetes.pods.fate(() => 6000);
  world.applyVersion('v2');
  await world.until('Preparing', (w) => w.release()?.phase === 'Preparing');
};
const atStep = async (): Promise<void> => {
  await preparing();
  await world.until('step 1', (w) => w.release()?.step === 1);
};
const ending = async (): Promise<void> => {
  await atStep();
  world.metrics.say('fail');
  await world.until('Failing', (w) => w.release()?.phase === 'Failing');
};

/** Another machine takes over, whose clock is so far ahead. */
const anotherMachine = (ahead: number): void => {
  world.kill();
  world.setMachine(ahead);
  world.start();
};
const changes: readonly (readonly [string, () => void])[] = [
  ["the machine's clock is set 10 minutes ahead", () => world.setMachine(10 * minutes)],
  ["the machine's clock is set 10 minutes back", () => world.setMachine(-10 * minutes)],
  ['a machine takes over whose clock is 10 minutes ahead', () => anotherMachine(10 * minutes)],
  ['a machine takes over whose clock is 10 minutes behind', () => anotherMachine(-10 * minutes)],
  ["the API server's clock is set 10 minutes ahead", () => world.setServer(10 * minutes)],
  ["the API server's clock is set 10 minutes back", () => world.setServer(-10 * minutes)],
];

const over = async (within: number): Promise<number> => {
  const start = world.clock.now();
  await world.until('the end', (w) => w.release()?.over === true);
  const took = world.clock.now() - start;
  expect(took).toBeLessThan(within);
  return took;
};

describe.each(changes)('D10: %s', (_what, change) => {
  it('while the canary prepares: it is not given up', async () => {
    await preparing();
    change();
    await over(60_000);
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  it('at a step: it neither stands still nor is cut short', async () => {
    await atStep();
    change();
    expect(await over(60_000)).toBeGreaterThanOrEqual(17_000);
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  it('in an ending: the failed canary goes', async () => {
    await ending();
    change();
    await over(30_000);
    expect([world.release()?.phase, world.get(refs.canary)]).toEqual(['Failed', undefined]);
  });
});

it('D10: clocks that wobble: a good version is promoted', async () => {
  await preparing();
  for (let i = 0; i < 60 && world.release()?.over !== true; i += 1) {
    world.setMachine(i % 2 === 0 ? 5 * minutes : -5 * minutes);
    world.setServer(i % 3 === 0 ? -minutes : minutes);
    await world.pass(1000);
  }
  expect(world.release()).toMatchObject({ phase: 'Succeeded' });
});

it('D10: instants that are ten minutes in the future begin anew: a new controller goes on at once', async () => {
  await atStep();
  world.kill();
  world.setServer(-10 * minutes);
  world.start();
  await over(60_000);
  expect(world.release()).toMatchObject({ phase: 'Succeeded' });
});

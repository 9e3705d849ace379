/** Stories of releases whose proxies hear late that a split is over: pods go when nobody sends to them any more. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { asRouted, Callers } from '../../test/harness/callers.ts';
import { propagation, refs, World, type WorldOptions } from '../../test/harness/world.ts';

let world: World;

afterEach(() => {
  expect([world.requests.losses, world.bugs]).toEqual([[], []]);
});

const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);
const isWithdrawn = (w: World): boolean =>
  (w.requests.share() ?? 0) === 0 && w.releases()[0]?.status?.ending !== undefined;
const canaryIsGone = (w: World): boolean => w.get(refs.canary) === undefined;

/** Callers whose proxies go on by the last split for so long after it is over. */
const late = (lag: number): ((w: World) => number) => {
  let last = { share: 0, at: -Infinity };
  return (w) => {
    const share = asRouted(w);
    if (share > 0) last = { share, at: w.clock.now() };
    return w.clock.now() < last.at + lag ? last.share : 0;
  };
};

/** At half of the traffic; from then on proxies are slow. */
const atHalf = async (lag: number, options: WorldOptions = {}): Promise<void> => {
  world = await World.begin({ policy: { weights: [50], ...options.policy }, ...options });
  new Callers(world, { perSecond: 50, canary: late(lag) });
  world.applyVersion('v2');
  await world.until('the step', (w) => w.requests.share() === 50);
  await world.pass(3000);
  world.requests.slow(lag);
};

/** How long after the routes are back the canary goes. */
const canaryStays = async (): Promise<number> => {
  await world.until('the routes are back', isWithdrawn);
  const [since, uid] = [world.clock.now(), world.get(refs.canary)?.metadata.uid];
  // The next release may make another at once.
  await world.until('the canary is gone', (w) => w.get(refs.canary)?.metadata.uid !== uid);
  world.requests.slow(propagation - 1);
  return world.clock.now() - since;
};

const ends: readonly (readonly [string, string, () => void])[] = [
  ['a promotion', 'Succeeded', () => undefined],
  ['an abort', 'Aborted', () => world.ask('abort')],
  ['a failure', 'Failed', () => world.metrics.say('fail')],
  ['a newer template', 'Superseded', () => void world.applyVersion('v3')],
];

describe('D3: proxies that hear 40 s late lose nothing', () => {
  it.each(ends)('D3: at the end of %s', async (_, outcome, begin) => {
    await atHalf(40_000);
    begin();
    const stayed = await canaryStays();
    expect(stayed).toBeGreaterThan(40_000);
    expect(stayed).toBeLessThan(52_000);
    await world.until(outcome, (w) => w.releases().some((release) => release.phase === outcome));
    const told = world.releases()[0]?.status?.history?.filter(({ reason }) => reason === 'StillSending');
    expect(told).toHaveLength(1);
    expect(told?.[0]?.message).toMatch(/the canary still gets 25 requests a second: its pods stay until that ends/);
  });
});

it('D3: an abort gives the routes and the template back at once, whoever still sends', async () => {
  await atHalf(40_000);
  world.ask('abort');
  await world.pass(100);
  expect([world.requests.share(), world.get(refs.web)?.spec.template.spec]).toMatchObject([
    undefined,
    { containers: [{ image: 'sluice.test/app:v1' }] },
  ]);
  expect(canaryIsGone(world)).toBe(false);
  await phase('Aborted');
});

it('D3: a failure is shown by the workload while pods stay for who still sends', async () => {
  await atHalf(40_000);
  world.metrics.say('fail');
  await world.until('still sending', (w) => w.release()?.status?.waiting?.reason === 'StillSending');
  expect(world.rolloutProblem()).toContain('ProgressDeadlineExceeded');
  await phase('Failed');
});

it('D3: who never stops sending keeps the pods for two minutes, no longer', async () => {
  await atHalf(propagation - 1);
  new Callers(world, { perSecond: 10, canary: () => 50 });
  world.ask('abort');
  const stayed = await canaryStays();
  expect([stayed >= 120_000, stayed <= 123_000]).toEqual([true, true]);
});

it('D3: where nobody sends any more, the canary goes a few seconds after the delay', async () => {
  await atHalf(propagation - 1);
  world.ask('abort');
  expect(await canaryStays()).toBeLessThan(propagation + 6000);
});

it('D3: with nothing that counts requests, the delay alone counts', async () => {
  world = await World.begin({ policy: { weights: [50], checks: [], noData: 'pass' } });
  world.applyVersion('v2');
  expect(await canaryStays()).toBeLessThanOrEqual(propagation + 1000);
  await phase('Succeeded');
});

it('D3: with a source that cannot be read, the delay alone counts', async () => {
  await atHalf(propagation - 1);
  world.metrics.say('away');
  world.ask('abort');
  expect(await canaryStays()).toBeLessThanOrEqual(propagation + 1000);
});

it('D3: a source that never answers keeps nobody for longer than its own deadline', async () => {
  await atHalf(propagation - 1);
  world.metrics.source.fetch = () => new Promise(() => undefined);
  world.ask('abort');
  expect(await canaryStays()).toBeLessThan(15_000);
});

it('D3: a source that fails after it has said that somebody sends takes nothing of that back', async () => {
  await atHalf(100_000);
  world.ask('abort');
  await world.until('still sending', (w) => w.release()?.status?.waiting?.reason === 'StillSending');
  world.metrics.say('away');
  const since = world.clock.now();
  await world.until('the canary is gone', canaryIsGone);
  expect(world.clock.now() - since).toBeGreaterThan(100_000);
});

it('D3: a controller that takes over in the middle of the wait goes on with it', async () => {
  await atHalf(40_000);
  world.ask('abort');
  await world.until('still sending', (w) => w.release()?.status?.waiting?.reason === 'StillSending');
  world.kill();
  world.start();
  await world.until('the canary is gone', canaryIsGone);
  await phase('Aborted');
  expect(world.release()?.status?.history?.filter(({ reason }) => reason === 'StillSending')).toHaveLength(1);
});

it('D3: all is well: an ending writes as often as before', async () => {
  await atHalf(propagation - 1);
  const seen = new Set<string | undefined>();
  world.server.subscribe(() => seen.add(world.release()?.status?.waiting?.reason));
  await phase('Succeeded');
  expect([...seen]).toEqual([undefined]);
});

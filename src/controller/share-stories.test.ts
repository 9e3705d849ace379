/** Stories of whole releases about traffic that does or does not follow the split. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { asRouted, Callers, none } from '../../test/harness/callers.ts';
import { World } from '../../test/harness/world.ts';

let world: World;

afterEach(() => {
  expect([world.requests.losses, world.bugs]).toEqual([[], []]);
});

const holds = (reason: string): Promise<void> =>
  world.until(reason, (w) => w.release()?.status?.waiting?.reason === reason);
const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);

describe.each(['adopted', 'generated'] as const)('through a route that is %s', (splitting) => {
  it('R3: no caller obeys the split: the release holds with both counts, and no-data pass does not help it', async () => {
    world = await World.begin({ splitting });
    new Callers(world, { perSecond: 20, canary: none });
    world.applyVersion('v2');
    await holds('SplitNotSeen');
    expect(world.release()?.message).toMatch(
      /^holding at 20 %: the canary got 0 of \d+ requests, 0 %, where 20 % are its share\. Likely causes: callers without an Istio sidecar; another, older VirtualService/,
    );
    await world.pass(600_000);
    expect(world.release()).toMatchObject({
      phase: 'Progressing',
      step: 1,
      status: { waiting: { reason: 'SplitNotSeen' }, share: { percent: 0 } },
    });
    const [check] = world.release()?.status?.analyses?.[0]?.checks ?? [];
    expect(check).toMatchObject({ name: 'request-success-rate', requests: { canary: 0 } });
    expect(check?.requests?.stable).toBeGreaterThan(100);
    expect(world.release()?.status?.history?.filter(({ reason }) => reason === 'SplitNotSeen')).toHaveLength(1);
  });

  it('R3: callers that obey the split again let the release go on', async () => {
    world = await World.begin({ splitting });
    const callers = new Callers(world, { perSecond: 20, canary: none });
    world.applyVersion('v2');
    await holds('SplitNotSeen');
    callers.calls = { perSecond: 20, canary: asRouted };
    await phase('Succeeded');
  });

  it('R3: a split that callers do not obey can be promoted by hand', async () => {
    world = await World.begin({ splitting });
    new Callers(world, { perSecond: 20, canary: none });
    world.applyVersion('v2');
    await holds('SplitNotSeen');
    world.ask('promote');
    await phase('Succeeded');
  });

  it('L1: three busy callers of four ignore the split: the release is not promoted on the evidence of the fourth', async () => {
    world = await World.begin({ splitting });
    new Callers(world, { perSecond: 80, canary: (w) => asRouted(w) / 4 });
    world.applyVersion('v2');
    await holds('SplitNotSeen');
    await world.pass(300_000);
    expect(world.release()).toMatchObject({ phase: 'Progressing', step: 1, status: { share: { percent: 5 } } });
  });

  it('L1: callers that obey the split are seen to do so, and nothing holds', async () => {
    world = await World.begin({ splitting });
    new Callers(world, { perSecond: 50, canary: asRouted });
    const seen = new Set<string | undefined>();
    world.server.subscribe(() => seen.add(world.release()?.status?.waiting?.reason));
    world.applyVersion('v2');
    await phase('Succeeded');
    expect([...seen]).toEqual([undefined]);
    const served = world.release()?.status?.analyses?.[0]?.served ?? [];
    expect(
      served.map(({ weight, canary, stable }) => [weight, Math.round((100 * canary) / (canary + stable))]),
    ).toEqual([
      [20, 20],
      [50, 50],
    ]);
  });
});

it('C: nothing to measure and no-data hold: the message says what to do', async () => {
  world = await World.begin({ policy: { checks: [], noData: 'hold' } });
  world.applyVersion('v2');
  await holds('ChecksInconclusive');
  expect(world.release()?.message).toContain(
    'Where there is nothing to measure: kubectl sluice promote web -n shop, or the annotation sluice.dev/no-data: pass for the next release',
  );
});

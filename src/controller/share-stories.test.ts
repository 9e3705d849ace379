/** Stories of whole releases about traffic that does or does not follow the split. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { asRouted, Callers, none } from '../../test/harness/callers.ts';
import { refs, World } from '../../test/harness/world.ts';

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

describe('without a mesh', () => {
  /** Of the canary's pods only so many become ready. */
  const onlyReady = (most: number): void => {
    const ready = new Set<string>();
    world.kubernetes.pods.fate(({ metadata: { name } }) => {
      if (!name.startsWith('web-canary-')) return 0;
      if (ready.size < most) ready.add(name);
      return ready.has(name) ? 0 : 'never';
    });
  };
  const byPods = (w: World): number => w.release()?.status?.share?.percent ?? 0;
  const checks = [{ name: 'request-success-rate', min: 99, noData: 'hold' }] as const;

  it('F8: canary pods that are ready are judged while others are missing, and fail', async () => {
    world = await World.begin({ splitting: 'replicas', policy: { weights: [50], checks: [...checks] } });
    onlyReady(2);
    new Callers(world, { perSecond: 20, canary: byPods, failing: 50 });
    world.applyVersion('v2');
    await world.until('two pods', (w) => w.serving()['web-canary v2'] === 2);
    await world.settle();
    expect(world.release()?.status).toMatchObject({
      phase: 'Progressing',
      weight: 50,
      share: { percent: 33.3, of: 'pods', canary: 2, stable: 4 },
    });
    expect(world.release()?.message).toContain('2 of 6 pods: about 33.3 % of the traffic for the canary');
    await phase('Failed');
    expect(world.release()).toMatchObject({ reason: 'ChecksFailed' });
  });

  it('F8: checks that pass do not end a step that lacks pods; the rest of them does, after its whole time', async () => {
    world = await World.begin({ splitting: 'replicas', policy: { weights: [50], checks: [...checks] } });
    onlyReady(2);
    new Callers(world, { perSecond: 20, canary: byPods });
    world.applyVersion('v2');
    await world.until('a round', (w) => (w.release()?.status?.analyses?.[0]?.checks?.length ?? 0) > 0);
    await world.pass(20_000);
    expect(world.release()).toMatchObject({ phase: 'Progressing', step: 1 });
    const whole = world.clock.now();
    world.kubernetes.pods.fate(() => 0);
    await phase('Succeeded');
    expect(world.clock.now() - whole).toBeGreaterThanOrEqual(10_000);
  });

  it('F8: pods that never come end the release at its deadline, whatever the checks say', async () => {
    world = await World.begin({ splitting: 'replicas', policy: { weights: [50], checks: [...checks] } });
    onlyReady(2);
    new Callers(world, { perSecond: 20, canary: byPods });
    const start = world.clock.now();
    world.applyVersion('v2');
    await phase('Failed');
    expect([world.release()?.reason, Math.round((world.clock.now() - start) / 10_000)]).toEqual(['CanaryNotReady', 6]);
  });

  it('R5: the share that is served is shown beside the weight, and why the split is by pods', async () => {
    world = await World.begin({
      splitting: 'replicas',
      replicas: 1,
      policy: { provider: 'auto', weights: [1, 50], checks: [...checks], noData: 'pass' },
    });
    world.applyVersion('v2');
    await world.until('step 1', (w) => w.release()?.step === 1 && byPods(w) > 0);
    expect(world.release()?.status).toMatchObject({
      weight: 1,
      share: { percent: 50, of: 'pods', canary: 1, stable: 1 },
      provider: 'kubernetes',
      providerBecause: expect.stringContaining('the split is made by the number of pods') as unknown,
    });
    const first = '1 of 2 pods: about 50 % of the traffic for the canary; the step asks for 1 %';
    expect(world.release()?.message).toBe(first);
  });

  it('R5: callers whose connections stay with stable: a canary that gets nothing is not promoted', async () => {
    world = await World.begin({ splitting: 'replicas' });
    const callers = new Callers(world, { perSecond: 20, canary: none });
    world.applyVersion('v2');
    await holds('SplitNotSeen');
    expect(world.release()?.message).toContain('Likely causes: connections that live long');
    // A share that lags behind that of the pods is no fault.
    callers.calls = { perSecond: 40, canary: () => 10 };
    await phase('Succeeded');
  });
});

it('R3: a route for gateways alone: calls inside the mesh are not split, and the release goes on by what callers of the gateway get', async () => {
  world = await World.begin({ splitting: 'adopted' });
  world.patch(refs.route, { spec: { gateways: ['public'] } });
  new Callers(world, { perSecond: 40, canary: (w) => asRouted(w) / 3 });
  world.applyVersion('v2');
  await phase('Succeeded');
});

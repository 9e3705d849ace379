/** Stories of whole releases: the real controller, providers, policies and admission on a cluster in memory. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { optedIn, refs, World, type Splitting, type WorldOptions } from '../../test/harness/world.ts';

let world: World;
/** Losses that the story itself brings about: nobody can keep pods that are killed. */
let mayLose = false;

afterEach(() => {
  expect([mayLose ? [] : world.requests.losses, world.bugs]).toEqual([[], []]);
  mayLose = false;
});

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const over = (): Promise<void> => world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const phase = (wanted: string): Promise<void> => world.until(wanted, (w) => w.release()?.phase === wanted);
/** What is left of the release is gone, and this is what serves. */
const ended = async (wanted: { phase: string; reason?: string; serves: Record<string, number> }): Promise<void> => {
  await world.until('nothing to be left', (w) => w.remains().length === 0);
  await world.until('the roll', (w) => w.rolledOut());
  const { phase, reason } = world.release() ?? {};
  expect({ phase, ...(wanted.reason === undefined ? {} : { reason }), serves: world.serving() }).toEqual(wanted);
};
const podsOf = (version: string): readonly string[] =>
  world
    .pods()
    .filter(({ owner, version: of }) => owner === 'web' && of === version)
    .map(({ uid }) => uid);

const splittings: readonly Splitting[] = ['adopted', 'generated', 'replicas'];

describe.each(splittings)('a release whose split is %s', (splitting) => {
  it('is promoted, and nothing of it is left', async () => {
    await begin({ splitting });
    const route = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await over();
    await ended({ phase: 'Succeeded', reason: 'Promoted', serves: { 'web v2': 4 } });
    expect(world.get(refs.route)?.spec).toEqual(route);
    expect([world.told().at(0), world.told().at(-1)]).toEqual(['ReleaseStarted', 'ReleaseSucceeded']);
  });

  it('sends a share after the other to the canary, each for an interval, and nothing before its pods are known', async () => {
    await begin({ splitting });
    const shares: (readonly [number, number])[] = [];
    const start = world.clock.now();
    world.server.subscribe(() => {
      const share = world.requests.share() ?? 0;
      if (shares.at(-1)?.[1] !== share) shares.push([(world.clock.now() - start) / 1000, share]);
    });
    world.applyVersion('v2');
    await over();
    const routed = shares.filter(([, share]) => share > 0).map(([at, share]) => `${share} % after ${Math.round(at)} s`);
    expect(routed).toEqual(splitting === 'replicas' ? [] : ['20 % after 2 s', '50 % after 12 s']);
    await world.until('the end', (w) => w.release()?.over === true);
    expect((world.clock.now() - start) / 1000).toBeGreaterThanOrEqual(20);
  });

  it('fails when its checks do, and its template is held', async () => {
    await begin({ splitting });
    const pods = podsOf('v1');
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await world.settle();
    expect(world.release()).toMatchObject({
      reason: 'ChecksFailed',
      message: expect.stringContaining('health') as unknown,
    });
    expect([world.get(refs.web)?.spec.paused, world.serving(), podsOf('v1')]).toEqual([true, { 'web v1': 4 }, pods]);
    expect(world.rolloutProblem()).toMatch(/^ProgressDeadlineExceeded: release web-\d+ failed: /);
    expect([world.get(refs.canary), world.get(refs.canaryService), world.requests.share()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('that has failed is followed by the template of before, which needs no pod to be made', async () => {
    await begin({ splitting });
    const pods = podsOf('v1');
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    world.applyVersion('v1');
    await ended({ phase: 'Failed', serves: { 'web v1': 4 } });
    expect([world.get(refs.web)?.spec.paused, podsOf('v1')]).toEqual([undefined, pods]);
  });

  it('that has failed is tried again on request, and promoted', async () => {
    await begin({ splitting });
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    world.metrics.say('pass');
    world.ask('retry');
    await world.until('another attempt', (w) => w.releases().length === 2);
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
    expect(world.releases().map(({ name }) => name.replace(/^web-\d+/, 'web-N'))).toEqual(['web-N', 'web-N-retry2']);
  });

  it('fails when its checks do, and the last good template is put back', async () => {
    await begin({ splitting, policy: { onFailure: 'revert' } });
    const pods = podsOf('v1');
    world.metrics.say('fail');
    world.applyVersion('v2');
    await phase('Failed');
    await ended({ phase: 'Failed', reason: 'ChecksFailed', serves: { 'web v1': 4 } });
    expect([world.get(refs.web)?.spec.paused, podsOf('v1')]).toEqual([undefined, pods]);
  });

  it('is aborted by the template of before, whoever applies it', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.applyVersion('v1', optedIn, 'bob@example.com');
    await over();
    await ended({ phase: 'Aborted', reason: 'TemplateBack', serves: { 'web v1': 4 } });
    expect(world.release()?.message).toContain('bob@example.com');
  });

  it('is aborted on request, and the template of before is put back', async () => {
    await begin({ splitting });
    const pods = podsOf('v1');
    world.applyVersion('v2');
    await atStep(1);
    world.ask('abort');
    await over();
    await ended({ phase: 'Aborted', reason: 'AbortRequested', serves: { 'web v1': 4 } });
    expect([world.release()?.answer, world.release()?.message, podsOf('v1')]).toEqual([
      'accepted',
      expect.stringContaining('alice@example.com'),
      pods,
    ]);
  });

  it('is superseded by another template, which is promoted', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.applyVersion('v3');
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v3': 4 } });
    expect(world.releases().map((release) => release.phase)).toEqual(['Superseded', 'Succeeded']);
  });

  it('is superseded in the middle of its promotion', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.kubernetes.pods.fate(() => 5000);
    await phase('Promoting');
    await world.pass(6000);
    world.applyVersion('v3');
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v3': 4 } });
    expect(world.releases().map((release) => release.phase)).toEqual(['Superseded', 'Succeeded']);
  });

  it('goes with its workload', async () => {
    await begin({ splitting });
    const route = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await atStep(2);
    mayLose = true;
    world.remove(refs.web);
    await world.until('nothing to be left', (w) => w.remains().length === 0 && w.pods().length === 0);
    expect([world.releases(), world.get(refs.route)?.spec]).toEqual([[], route]);
  });

  it('is withdrawn when its workload opts out, which rolls then', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.applyVersion('v2', { 'sluice.dev/canary': 'disabled' });
    await over();
    await ended({ phase: 'Aborted', reason: 'OptedOut', serves: { 'web v2': 4 } });
  });

  it('is skipped from the start', async () => {
    await begin({ splitting });
    world.applyVersion('v2', { ...optedIn, 'sluice.dev/skip': 'INC-42' });
    await over();
    await ended({ phase: 'Skipped', serves: { 'web v2': 4 } });
    expect(world.release()?.message).toContain('INC-42');
  });

  it('is skipped in the middle', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    world.applyVersion('v2', { ...optedIn, 'sluice.dev/skip': 'INC-42' });
    await over();
    await ended({ phase: 'Skipped', reason: 'SkipRequested', serves: { 'web v2': 4 } });
  });

  it('waits for an approval, however long that takes', async () => {
    await begin({ splitting, policy: { approval: 'required' } });
    world.applyVersion('v2');
    await phase('Waiting');
    await world.pass(3_600_000);
    expect([world.release()?.phase, world.serving()]).toEqual(['Waiting', expect.objectContaining({ 'web v1': 4 })]);
    world.ask('promote');
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
  });

  it('is promoted on request before its steps are over', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.ask('promote');
    await world.settle();
    expect(world.release()?.answer).toBe('accepted');
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
  });

  it('follows an autoscaler up and down', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    const canary = (): number => world.serving()['web-canary v2'] ?? 0;
    const before = canary();
    world.scale(20);
    await world.settle();
    expect([canary() > before, world.serving()['web v1']]).toEqual([true, 20]);
    world.scale(6);
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 6 } });
  });

  it('holds while the metrics have no data, and while nobody answers', async () => {
    await begin({ splitting });
    world.metrics.say('no-data');
    world.applyVersion('v2');
    await world.until('holding', (w) => w.release()?.message.startsWith('holding') === true);
    world.metrics.say('away');
    await world.pass(600_000);
    expect(world.release()).toMatchObject({
      phase: 'Progressing',
      step: 1,
      message: expect.stringContaining('does not answer') as unknown,
    });
    world.metrics.say('pass');
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
  });

  it('takes the traffic from a canary whose pods are lost, and gives it back to new ones', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(2);
    mayLose = true;
    world.kubernetes.pods.makeUnready(({ metadata }) => metadata.name.startsWith('web-canary'));
    await world.settle();
    expect(world.requests.share() ?? 0).toBe(0);
    await world.pass(20_000);
    expect(world.release()?.step).toBe(2);
    world.kubernetes.pods.makeReady();
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
  });

  it('F15: says while it waits what its pods wait for, and again when it fails at the deadline', async () => {
    await begin({ splitting });
    world.kubernetes.pods.fate(() => 'never');
    world.applyVersion('v2');
    await phase('Preparing');
    world.kubernetes.pods.makeUnready(({ metadata }) => metadata.name.startsWith('web-canary'), 'ImagePullBackOff');
    await world.settle();
    expect(world.release()).toMatchObject({
      phase: 'Preparing',
      message: expect.stringMatching(/^0 of \d canary pods ready: ImagePullBackOff$/) as unknown,
    });
    expect(world.told().filter((reason) => reason === 'ImagePullBackOff')).toHaveLength(2);
    await phase('Failed');
    expect(world.release()).toMatchObject({
      reason: 'CanaryNotReady',
      message: expect.stringContaining('ImagePullBackOff') as unknown,
    });
    expect(world.serving()).toEqual({ 'web v1': 4 });
  });

  it('fails at the deadline when a quota leaves no room for its pods, and says so', async () => {
    await begin({ splitting });
    world.kubernetes.replicaSets.refuse('web-canary', 'exceeded quota: pods');
    world.applyVersion('v2');
    await world.until('the words', (w) => w.release()?.message.includes('exceeded quota') === true);
    await phase('Failed');
    expect(world.release()).toMatchObject({
      reason: 'CanaryNotReady',
      message: expect.stringContaining('exceeded quota') as unknown,
    });
  });

  it('goes on in another controller when the first is killed', async () => {
    await begin({ splitting });
    world.applyVersion('v2');
    await atStep(1);
    world.kill();
    await world.pass(300_000);
    world.start();
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
  });

  it('with Recreate leaves everything to the canary while the workload rolls', async () => {
    await begin({ splitting, strategy: 'Recreate' });
    world.applyVersion('v2');
    await atStep(1);
    world.kubernetes.pods.fate(() => 3000);
    await over();
    await ended({ phase: 'Succeeded', serves: { 'web v2': 4 } });
    expect(world.requests.losses).toEqual([]);
  });
});

it('with Recreate the routes come back to stable pods that every proxy knows', async () => {
  await begin({ strategy: 'Recreate' });
  world.applyVersion('v2');
  await over();
  expect(world.requests.losses).toEqual([]);
});

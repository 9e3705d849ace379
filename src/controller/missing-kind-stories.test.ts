/** Stories of a cluster in which the kind Release is deleted in the middle: an uninstall in the wrong order, a GitOps prune. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { definitionOf } from '../memory/served-kinds.ts';
import { kinds } from '../schema/kinds.ts';
import { refs, World, type WorldOptions } from '../../test/harness/world.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
  world.applyVersion('v2');
  await world.until('step 2', (w) => w.release()?.phase === 'Progressing' && w.release()?.step === 2);
};
const definition = { gvk: kinds.crd, name: 'releases.sluice.dev' };
const removeKind = async (): Promise<void> => {
  world.webhook('away');
  world.server.remove(definition, {}, { user: 'root' });
  world.webhook('there');
  await world.pass(60_000);
  world.warnings.length = 0;
};
const bringKindBack = (): void => void world.server.create(definitionOf(kinds.release), kinds.crd, { user: 'root' });
const resume = (): void => void world.patch(refs.web, { spec: { paused: null } });
const nothingLeft = (): Promise<void> => world.until('nothing to be left', (w) => w.remains().length === 0);
const made = (): readonly string[] => world.remains().filter((one) => !one.startsWith('marks of '));

describe.each(['adopted', 'generated', 'replicas'] as const)('the kind Release is deleted, split: %s', (splitting) => {
  it('D13: routes are given back, then the canary goes, without a storm, and it is said', async () => {
    await begin({ splitting });
    const { requests } = world.instance.cluster;
    const before = requests.length;
    await removeKind();
    expect([made(), world.requests.losses, world.serving()]).toEqual([[], [], { 'web v1': 4 }]);
    expect(requests.length - before).toBeLessThan(60);
    expect(world.events.find(({ reason }) => reason === 'ReleasesMissing')?.note).toContain(
      'kubectl rollout resume deployment/web -n shop',
    );
  });

  it('D13: whoever resumes it lets it roll natively, and is told so', async () => {
    await begin({ splitting });
    await removeKind();
    resume();
    expect(world.warnings).toEqual([expect.stringContaining('rolls natively, unjudged')]);
    await world.until('the roll', (w) => w.rolledOut());
    await nothingLeft();
    expect([world.serving(), world.requests.losses]).toEqual([{ 'web v2': 4 }, []]);
    bringKindBack();
    await world.pass(120_000);
    expect(world.releases()).toEqual([]);
  });

  it('D13: the version before gives the pause back', async () => {
    await begin({ splitting });
    await removeKind();
    world.applyVersion('v1');
    await nothingLeft();
    expect([world.get(refs.web)?.spec.paused, world.serving()]).toEqual([undefined, { 'web v1': 4 }]);
  });

  it('D13: another version is held, with what is missing and what to type; a resume rolls it', async () => {
    await begin({ splitting });
    await removeKind();
    world.applyVersion('v3');
    expect(world.warnings.join(' ')).toMatch(/releases\.sluice\.dev.*kubectl rollout resume deployment\/web -n shop/);
    await world.pass(60_000);
    expect(world.serving()).toEqual({ 'web v1': 4 });
    resume();
    await world.until('the roll', (w) => w.rolledOut());
    expect(world.serving()).toEqual({ 'web v3': 4 });
  });

  it('D13: when it is back, the release begins anew by itself', async () => {
    await begin({ splitting });
    await removeKind();
    bringKindBack();
    await world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
    await nothingLeft();
    expect([world.release()?.phase, world.serving(), world.requests.losses]).toEqual([
      'Succeeded',
      { 'web v2': 4 },
      [],
    ]);
  });
});

it('D13: a template that has failed may be resumed, too', async () => {
  world = await World.begin();
  world.metrics.say('fail');
  world.applyVersion('v2');
  await world.until('the failure', (w) => w.release()?.phase === 'Failed' && w.rolloutProblem() !== undefined);
  await removeKind();
  resume();
  await world.until('the roll', (w) => w.rolledOut());
  expect(world.serving()).toEqual({ 'web v2': 4 });
});

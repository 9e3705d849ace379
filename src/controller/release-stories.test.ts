/** Stories of whole releases: the real controller, providers, policies and admission on a cluster in memory. */
import { describe, expect, it } from '@jest/globals';
import { refs, World, type Splitting } from '../../test/harness/world.ts';

const splittings: readonly Splitting[] = ['adopted', 'generated', 'replicas'];

describe.each(splittings)('a release whose split is %s', (splitting) => {
  it('is promoted, and nothing of it is left', async () => {
    const world = await World.begin({ splitting });
    const before = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await world.until('the end', (w) => w.release()?.over === true);
    await world.settle();
    expect(world.release()).toMatchObject({ phase: 'Succeeded', reason: 'Promoted' });
    expect([world.rolledOut(), world.serving()]).toEqual([true, { 'web v2': 4 }]);
    expect([world.get(refs.canary), world.get(refs.canaryService), world.get(refs.route)?.spec]).toEqual([
      undefined,
      undefined,
      before,
    ]);
    expect([world.requests.losses, world.bugs]).toEqual([[], []]);
  });
});

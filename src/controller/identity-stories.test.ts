/** Stories about whose a canary is: nobody else's pods are ever taken for it, and no release for another. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { optedIn, refs, World, type WorldOptions } from '../../test/harness/world.ts';
import { app, service } from '../../test/support/manifests.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { selects } from '../values/label-selector.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const over = (): Promise<void> =>
  world.until('the end', (w) => w.release()?.over === true && w.remains().length === 0 && w.rolledOut());
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const phases = (): readonly string[] => world.releases().map(({ phase }) => phase);

/** Names of the Deployments whose pods a Service sends to. */
const behind = (name: string): readonly string[] => {
  const selector = world.get({ gvk: kinds.service, namespace: 'shop', name })?.spec.selector ?? {};
  const owners = world.server
    .list(kinds.pod, 'shop')
    .filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels))
    .map(({ metadata }) => metadata.name.split('-').slice(0, -2).join('-'));
  return [...new Set(owners)];
};

describe('F10: another workload of the user has the label value that a canary would have', () => {
  it('and neither gets traffic of the other', async () => {
    await begin();
    const other = app({ version: 'v1', name: 'web-next', annotations: {} }) as KubeObject & { spec: object };
    const labels = { app: 'web-canary' };
    world.apply({
      ...other,
      spec: {
        ...other.spec,
        selector: { matchLabels: labels },
        template: { ...(other.spec as { template: object }).template, metadata: { labels } },
      },
    });
    const front = service() as KubeObject & { spec: object };
    world.apply({ ...front, metadata: { name: 'web-next' }, spec: { ...front.spec, selector: labels } });
    await world.settle();
    world.applyVersion('v2', optedIn);
    await atStep(2);
    expect([behind('web-canary'), behind('web-next'), behind('web')]).toEqual([['web-canary'], ['web-next'], ['web']]);
    await over();
    expect([phases(), world.requests.losses]).toEqual([['Succeeded'], []]);
  });

  it('and the Service of the canary selects by the uid of its Release besides', async () => {
    await begin();
    world.applyVersion('v2', optedIn);
    await atStep(1);
    const uid = world.get(refs.canary)?.metadata.labels?.['sluice.dev/release-uid'];
    expect(uid).toBe(world.server.list(kinds.release, 'shop').at(-1)?.metadata.uid);
    expect(world.get(refs.canaryService)?.spec.selector).toMatchObject({ 'sluice.dev/release-uid': uid });
  });
});

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

const step = (): Promise<void> => atStep(1);
const versionsOfCanaries = (): readonly string[] =>
  world.pods().flatMap(({ owner, version }) => (owner === 'web-canary' ? [version] : []));

describe.each(['adopted', 'generated', 'replicas'] as const)(
  'D1: the garbage collector is late after a release, whose split is %s',
  (splitting) => {
    it('and Sluice removes the pods itself: the next release has none but its own', async () => {
      await begin({ splitting });
      world.applyVersion('v2');
      await step();
      world.kubernetes.garbage.pause();
      world.metrics.say('fail');
      await world.until('the failure', (w) => w.release()?.phase === 'Failed');
      world.metrics.say('pass');
      world.applyVersion('v3');
      await world.until('a canary of v3', () => versionsOfCanaries().includes('v3'));
      expect(versionsOfCanaries()).not.toContain('v2');
      await world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
      expect([phases(), world.requests.losses]).toEqual([['Failed', 'Succeeded'], []]);
      world.kubernetes.garbage.resume();
      await over();
    });

    it('and a canary that somebody keeps is waited for, with a reason', async () => {
      await begin({ splitting });
      world.applyVersion('v2');
      await step();
      world.kubernetes.garbage.pause();
      world.ask('abort');
      await world.until('the deletion', (w) => w.get(refs.canary)?.metadata.deletionTimestamp !== undefined);
      world.patch(
        refs.canary,
        { metadata: { finalizers: ['foregroundDeletion', 'example.com/keep'] } },
        'system:serviceaccount:kube-system:x',
      );
      await world.until('its end', (w) => w.release()?.over === true);
      world.applyVersion('v3');
      await world.pass(10_000);
      expect(world.release()?.status).toMatchObject({ phase: 'Pending', waiting: { reason: 'EarlierCanary' } });
      expect(world.release()?.message).toContain('Deployment web-canary of the earlier release web-');
      world.patch(refs.canary, { metadata: { finalizers: null } }, 'system:serviceaccount:kube-system:x');
      await over();
      expect(phases()).toEqual(['Aborted', 'Succeeded']);
    });
  },
);

describe('D4: a Release is deleted in the middle, past the webhook', () => {
  it.each(['adopted', 'generated', 'replicas'] as const)(
    'routes are given back first, then the canary goes, then it begins anew: %s',
    async (splitting) => {
      await begin({ splitting });
      world.applyVersion('v2');
      await atStep(2);
      const name = world.release()?.name ?? '';
      world.webhook('away');
      world.remove({ gvk: kinds.release, namespace: 'shop', name });
      world.webhook('there');
      await over();
      expect([phases(), world.serving(), world.requests.losses]).toEqual([['Succeeded'], { 'web v2': 4 }, []]);
    },
  );

  it.each(['adopted', 'generated', 'replicas'] as const)(
    'with the Deployment, while no controller runs: %s',
    async (splitting) => {
      await begin({ splitting });
      world.applyVersion('v2');
      await atStep(2);
      world.kill();
      world.remove(refs.web);
      await world.pass(60_000);
      world.start();
      await world.until('nothing to be left', (w) => w.remains().length === 0 && w.pods().length === 0);
    },
  );

  it('by a version of Sluice before this one, whose Release owns everything: it is taken over and nothing is lost', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const release = world.server.list(kinds.release, 'shop').at(-1);
    const owner = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'Release',
      name: release?.metadata.name,
      uid: release?.metadata.uid,
    };
    world.kill();
    const body = { metadata: { ownerReferences: [owner], labels: { 'sluice.dev/release-uid': null } } };
    const user = 'system:serviceaccount:sluice-system:sluice';
    world.server.patch(refs.canary, { type: 'merge', body } as never, {}, { user });
    world.server.patch(refs.canaryService, { type: 'merge', body } as never, {}, { user });
    world.start();
    await world.settle();
    const made = [world.get(refs.canary), world.get(refs.canaryService)];
    expect(made.map((one) => one?.metadata.ownerReferences)).toEqual([undefined, undefined]);
    await over();
    expect([phases(), world.requests.losses]).toEqual([['Succeeded'], []]);
  });
});

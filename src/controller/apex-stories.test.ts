/** Stories of Services and routes that are not the released workload's alone. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { refs, World, type Splitting } from '../../test/harness/world.ts';
import { app } from '../../test/support/manifests.ts';
import { kinds } from '../schema/kinds.ts';
import type { Json, JsonObject, KubeObject } from '../values/kube-object.ts';

let world: World;

afterEach(() => {
  expect([world.requests.losses, world.bugs]).toEqual([[], []]);
});

const over = (): Promise<void> => world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);

const sharedWith = (): readonly string[] | undefined => world.server.list(kinds.release).at(-1)?.status?.sharedWith;

const istio = (kind: string, name: string, spec: JsonObject, namespace = 'shop'): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
});
const sendsTo = (destination: JsonObject): JsonObject => ({ route: [{ destination }] });
const rulesOf = (): Json | undefined => world.get(refs.route)?.spec?.['http'];

/** Another Deployment whose pods the Service `web` selects as well. */
const old = (replicas: number): object => {
  const labels = { app: 'web', track: 'old' };
  const { spec, ...rest } = app({ name: 'web-old', version: 'v0', replicas }) as KubeObject;
  const template = { ...(spec?.['template'] as JsonObject), metadata: { labels } };
  return { ...rest, spec: { ...spec, selector: { matchLabels: labels }, template } };
};
const subsets = istio('DestinationRule', 'web', { host: 'web', subsets: [{ name: 'old', labels: { track: 'old' } }] });

describe.each<Splitting>(['adopted', 'generated', 'replicas'])(
  'behind a Service with another Deployment, %s',
  (splitting) => {
    it('R1: the canary is sized for its share of everybody’s traffic, and it is told who shares it', async () => {
      world = await World.begin({ splitting });
      world.apply(old(4));
      await world.settle();
      world.applyVersion('v2');
      await atStep(2);
      // A half of the traffic of eight pods, or half of all pods.
      expect(world.get(refs.canary)?.spec.replicas).toBe(splitting === 'replicas' ? 8 : 4);
      expect(sharedWith()).toEqual(['web-old']);
      expect(world.events.find(({ reason }) => reason === 'ReleaseStarted')?.note).toContain(
        'which web-old stands behind too',
      );
      await over();
      expect(world.release()?.phase).toBe('Succeeded');
      expect(world.serving()).toEqual({ 'web v2': 4, 'web-old v0': 4 });
    });

    it('R1: a Deployment that is scaled to zero shares nothing', async () => {
      world = await World.begin({ splitting });
      world.apply(old(0));
      await world.settle();
      world.applyVersion('v2');
      await atStep(2);
      expect(world.get(refs.canary)?.spec.replicas).toBe(splitting === 'replicas' ? 4 : 2);
      expect(sharedWith()).toBeUndefined();
    });
  },
);

it('F3: a rule for the subset of another Deployment stays as it is from the first step to the end', async () => {
  world = await World.begin();
  const rules = [sendsTo({ host: 'web', subset: 'old' }), sendsTo({ host: 'web' })];
  world.apply(old(2));
  world.apply(subsets);
  world.patch(refs.route, { spec: { http: rules } });
  await world.settle();
  world.applyVersion('v2');
  await atStep(1);
  expect(rulesOf()).toEqual([
    rules[0],
    {
      route: [
        { destination: { host: 'web' }, weight: 80 },
        { destination: { host: 'web-canary' }, weight: 20 },
      ],
    },
  ]);
  await over();
  await world.until('nothing to be left', (w) => w.remains().length === 0);
  expect(rulesOf()).toEqual(rules);
});

it('F3: a subset that nothing defines holds the release, which starts when its DestinationRule is applied', async () => {
  world = await World.begin();
  world.patch(refs.route, { spec: { http: [sendsTo({ host: 'web', subset: 'old' }), sendsTo({ host: 'web' })] } });
  world.apply(old(2));
  await world.settle();
  world.applyVersion('v2');
  await world.settle();
  expect(world.release()).toMatchObject({
    phase: 'Pending',
    message: expect.stringContaining(
      'VirtualService/web-routes spec.http[0].route "old": names a subset that no DestinationRule',
    ),
  });
  world.apply(subsets);
  await atStep(1);
});

it('F3: a subset of pods that nobody has holds the release, which starts when their Deployment is applied', async () => {
  world = await World.begin();
  world.apply(subsets);
  world.patch(refs.route, { spec: { http: [sendsTo({ host: 'web', subset: 'old' }), sendsTo({ host: 'web' })] } });
  await world.settle();
  world.applyVersion('v2');
  await world.settle();
  expect(world.release()?.message).toContain('fit neither the new pods of the Deployment nor those of another one');
  world.apply(old(1));
  await world.settle();
  expect(world.release()?.phase).toBe('Preparing');
});

const away = { http: [{ redirect: { uri: '/gone' } }] };

it.each([
  ['in the namespace', istio('VirtualService', 'front', { hosts: ['web'], ...away }), 'VirtualService/front: '],
  [
    'in another namespace',
    istio('VirtualService', 'front', { hosts: ['web.shop.svc.cluster.local'], ...away }, 'edge'),
    'VirtualService/front in namespace edge: ',
  ],
  [
    'by a wildcard in another namespace',
    istio('VirtualService', 'front', { hosts: ['*.shop.svc.cluster.local'], ...away }, 'edge'),
    'VirtualService/front in namespace edge: ',
  ],
])(
  'R3: a route that owns the host %s: no second one is made, and the release starts when it is gone',
  async (_case, front, field) => {
    world = await World.begin({ splitting: 'generated' });
    const ref = { gvk: refs.route.gvk, namespace: front.metadata.namespace ?? '', name: 'front' };
    const edge = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'edge' } };
    world.server.create(edge, kinds.namespace, { user: 'root' });
    world.apply(front);
    await world.settle();
    world.applyVersion('v2');
    await world.settle();
    expect(world.release()).toMatchObject({
      phase: 'Pending',
      message: expect.stringContaining(
        `${field}decides on the requests for the Service web and sends none of them to it`,
      ),
    });
    expect(world.server.list(refs.route.gvk).map(({ metadata }) => metadata.name)).toEqual(['front']);
    world.remove(ref);
    await atStep(1);
  },
);

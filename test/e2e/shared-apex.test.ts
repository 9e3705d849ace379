/** One Service in front of two Deployments, and routes that own its host: a real istiod and a real Envoy. @long 25 s */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { virtualServices as format } from '../../src/traffic/istio.ts';
import { share, type Load } from '../support/load.ts';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '6s',
};

/** A Deployment behind the Service `web`, told from others by its track. */
const tracked = (name: string, track: string, version: string, annotations = {}): object => {
  const labels = { app: 'web', track };
  const { spec, ...rest } = app({ name, version, replicas: 2, annotations }) as KubeObject;
  const { metadata, ...template } = spec?.['template'] as { readonly metadata: JsonObject };
  return {
    ...rest,
    spec: { ...spec, selector: { matchLabels: labels }, template: { ...template, metadata: { ...metadata, labels } } },
  };
};
const web = (version: string): object => tracked('web', 'public', version, policy);

const istio = (kind: string, spec: JsonObject): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'shop' },
  spec,
});
const subsets = istio('DestinationRule', {
  host: 'web',
  subsets: ['admin', 'public'].map((track) => ({ name: track, labels: { track } })),
});
const to = (subset: string): JsonObject => ({ route: [{ destination: { host: 'web', subset } }] });
const internal = { match: [{ uri: { prefix: '/internal' } }], ...to('admin') };
const routes = (...http: readonly JsonObject[]): object => istio('VirtualService', { hosts: ['web'], http });

let stage: Stage;
let users: Load;
let admins: Load;

const route = (): unknown => stage.get(format.gvk, 'shop')?.spec?.['http'];

beforeAll(async () => {
  stage = await Stage.set('shared-apex');
  await stage.sluice();
  await stage.apply(
    service(),
    subsets,
    routes(internal, to('public')),
    tracked('web-admin', 'admin', 'admin'),
    web('v1'),
  );
  await stage.untilRolledOut();
  await stage.untilRolledOut('web-admin');
  users = await stage.load({ rps: 150 });
  admins = await stage.load({ rps: 50, path: '/internal' });
});

afterAll(async () => stage.teardown());

describe('two Deployments behind one Service, told apart by subsets', () => {
  test('F3: only the released one’s rule is split, and no request for the other one reaches the canary', async () => {
    const before = route();
    await stage.apply(web('v2'));
    await stage.untilStep(1);
    await stage.until('the split', () => JSON.stringify(route()) !== JSON.stringify(before));
    expect(route()).toEqual([
      internal,
      {
        route: [
          { destination: { host: 'web', subset: 'public' }, weight: 50 },
          { destination: { host: 'web-canary' }, weight: 50 },
        ],
      },
    ]);
    await stage.until('the canary to answer', async () => ((await users.window()).byVersion['v2'] ?? 0) > 0);
    await stage.until('enough requests', async () => ((await users.total()).byVersion['v2'] ?? 0) > 200);
    // 300 draws and more: four standard deviations are at most 12 points.
    expect(Math.abs(share(await users.window(), 'v2') - 50)).toBeLessThan(15);
    await stage.untilPhase('Succeeded');
    expect(route()).toEqual(before);
    const [public_, admin] = [await users.total(), await admins.total()];
    // As with the native rollout: nothing lost, and nobody sees what is not theirs.
    expect([public_.failed, admin.failed]).toEqual([0, 0]);
    expect(Object.keys(admin.byVersion)).toEqual(['admin']);
    expect(Object.keys(public_.byVersion).sort()).toEqual(['v1', 'v2']);
  });
});

describe('a route that owns the host', () => {
  test('R3: and sends nothing to the workload keeps the release from starting, until it does', async () => {
    const redirect = { redirect: { uri: '/gone' } };
    // A rule without `route`, and one for another Service: nothing of it could be split.
    await stage.apply(
      routes({ match: [{ uri: { prefix: '/old' } }], ...redirect }, { route: [{ destination: { host: 'other' } }] }),
    );
    await stage.apply(web('v3'));
    const { status } = await stage.until('the reason', () => {
      const release = stage.release();
      return release?.status?.waiting?.reason === 'CannotStart' ? release : undefined;
    });
    expect(status).toMatchObject({
      phase: 'Pending',
      message: expect.stringContaining(
        'VirtualService/shop: decides on the requests for the Service web and sends none of them to it, so a split would have no effect. Let one of its rules send to web',
      ),
    });
    expect(stage.view.list(format.gvk, stage.namespace).map(({ metadata }) => metadata.name)).toEqual(['shop']);
    expect(stage.deployment('web-canary')).toBeUndefined();
    await stage.apply(routes(internal, to('public')));
    await stage.untilStep(1);
  });
});

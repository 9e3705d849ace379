/** What a real Envoy does, told by a real istiod, with the VirtualServices that the istio provider renders. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { istio } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { openEnvoyBench, shares, type Counts, type EnvoyBench } from './envoy-bench.ts';

jest.setTimeout(180_000);

const namespace = `route-envoy-${process.pid}`;

const subset: object = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'web', namespace },
  spec: { host: 'web', subsets: [{ name: 'v1', labels: { track: 'v1' } }] },
};

/** A route of the user: one rule for everything, one with a third Service and a subset. */
const route: KubeObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'shop', namespace },
  spec: {
    hosts: ['web'],
    http: [
      {
        match: [{ uri: { prefix: '/mixed' } }],
        route: [
          { destination: { host: 'web', subset: 'v1' }, weight: 50 },
          { destination: { host: 'cart' }, weight: 50 },
        ],
      },
      { route: [{ destination: { host: `web.${namespace}.svc.cluster.local` } }] },
    ],
  },
};

let bench: EnvoyBench;

const provider = runner('istio', istio);

beforeAll(async () => {
  bench = await openEnvoyBench(namespace, [subset]);
});

afterAll(() => bench.close());

const load = (requests: number, path = '/'): Promise<Counts> => bench.load(requests, { path });

const routedToCanary = async (): Promise<boolean> => (await bench.routes()).includes('||web-canary.');

const untilInProxy = (present: boolean): Promise<boolean> =>
  waitUntil(`the canary ${present ? 'in' : 'out of'} the proxy`, async () => (await routedToCanary()) === present);

const allStable = async (): Promise<void> => {
  const counts = await load(200);
  expect(counts.failed).toBe(0);
  expect(shares(counts)).toEqual({ v1: 1 });
};

describe('a VirtualService made by Sluice', () => {
  it('splits what clients of the apex send, as asked, and takes nothing along when it goes', async () => {
    await bench.render(provider, 25);
    await untilInProxy(true);
    const split = await load(800);
    expect(split.failed).toBe(0);
    // 800 draws: four standard deviations are 6.1 points.
    expect(shares(split)['v2']).toBeGreaterThan(0.18);
    expect(shares(split)['v2']).toBeLessThan(0.32);
    await bench.render(provider, 100);
    await waitUntil('all of it', async () => shares(await load(100))['v2'] === 1);
    await bench.restore(provider);
    await untilInProxy(false);
    await allStable();
  });
});

describe('a VirtualService of the user', () => {
  it('is split in each rule; other destinations keep their share, and the original serves again at the end', async () => {
    await bench.cluster.apply([route]);
    await bench.render(provider, 40);
    await untilInProxy(true);
    const all = await load(800);
    expect(all.failed).toBe(0);
    // 800 draws: four standard deviations are at most 7.1 points.
    expect(shares(all)['v2']).toBeGreaterThan(0.32);
    expect(shares(all)['v2']).toBeLessThan(0.48);
    // A subset that no DestinationRule defines for the canary's host would be answered with 503 by the proxy.
    const mixed = await load(800, '/mixed');
    expect(mixed.failed).toBe(0);
    expect(shares(mixed)['cart']).toBeGreaterThan(0.42);
    expect(shares(mixed)['cart']).toBeLessThan(0.58);
    expect(shares(mixed)['v2']).toBeGreaterThan(0.13);
    expect(shares(mixed)['v2']).toBeLessThan(0.27);
    await bench.restore(provider);
    await untilInProxy(false);
    await allStable();
    expect((await load(200, '/mixed')).failed).toBe(0);
  });
});

/** Matches and mirrors of a whole split, on a real Envoy told by a real istiod. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { percent } from '../../src/values/percent.ts';
import type { Match, Split } from '../../src/values/split.ts';
import { istio } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { openEnvoyBench, shares, type EnvoyBench } from './envoy-bench.ts';
import { bytes } from './route-bench.ts';

jest.setTimeout(180_000);

const namespace = `route-whole-${process.pid}`;
const provider = runner('istio', istio);

/** A route of the user: a rule with a third Service and a header of its own, and one for everything. */
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
          { destination: { host: 'web' }, weight: 50 },
          { destination: { host: 'cart' }, weight: 50 },
        ],
      },
      { name: 'all', timeout: '10s', route: [{ destination: { host: `web.${namespace}.svc.cluster.local` } }] },
    ],
  },
};

/** The mirrored rule alone: a mirror would copy what goes to the third Service as well. */
const only: KubeObject = { ...route, spec: { hosts: ['web'], http: [{ route: [{ destination: { host: 'web' } }] }] } };

let bench: EnvoyBench;
let stored: string;

beforeAll(async () => {
  bench = await openEnvoyBench(namespace);
});
afterAll(() => bench.close());

const begin = async (object: KubeObject): Promise<void> => {
  await bench.cluster.apply([object]);
  stored = bytes(await bench.live(provider));
};

/** Renders, and waits until the proxy has it. */
const put = async (split: Split, sign: string): Promise<void> => {
  await bench.render(provider, split);
  expect(await bench.render(provider, split)).toEqual([]);
  expect(provider.observe(bench.target, await bench.live(provider))).toEqual(split);
  await waitUntil(`${sign} in the proxy`, async () => (await bench.routes()).includes(sign));
};

const end = async (): Promise<void> => {
  await bench.restore(provider);
  expect(bytes(await bench.live(provider))).toBe(stored);
  await waitUntil('the canary out of the proxy', async () => !(await bench.routes()).includes('||web-canary.'));
  expect(shares(await bench.load(200))).toEqual({ v1: 1 });
};

/** Everything to one version, and no failed request. */
const allTo = async (version: string, path: string, ...headers: readonly string[]): Promise<void> => {
  const counts = await bench.load(100, { path, headers });
  expect([path, headers, counts.failed, shares(counts)]).toEqual([path, headers, 0, { [version]: 1 }]);
};

const matching = (match: Match): Split => ({ weight: percent(0), match: [match] });

describe('a split by matches in a VirtualService of the user', () => {
  beforeAll(() => begin(route));

  it('gives the canary every request with the header and no other', async () => {
    await put(matching({ headers: { 'x-canary': { exact: '1' } } }), 'x-canary');
    await allTo('v2', '/', 'x-canary: 1');
    await allTo('v1', '/', 'x-canary: 10');
    await allTo('v1', '/');
  });

  it('leaves other destinations of a rule their share of the requests that match', async () => {
    const mixed = await bench.load(400, { path: '/mixed', headers: ['x-canary: 1'] });
    expect(mixed.failed).toBe(0);
    // 400 draws: four standard deviations are 10 points.
    expect(shares(mixed)['cart']).toBeGreaterThan(0.4);
    expect(shares(mixed)['cart']).toBeLessThan(0.6);
    expect(shares(mixed)['v1']).toBeUndefined();
    const others = shares(await bench.load(200, { path: '/mixed' }));
    expect(others['v2']).toBeUndefined();
  });

  it('finds a cookie among others, and not in the middle of one', async () => {
    await put(matching({ cookies: { arm: { prefix: 'b.' } } }), 'arm=');
    await allTo('v2', '/', 'Cookie: arm=b.1');
    await allTo('v2', '/', 'Cookie: a=1; arm=b.; c=2');
    await allTo('v1', '/', 'Cookie: arm=bx; c=b.1');
    await allTo('v1', '/', 'Cookie: charm=b.1');
  });

  it('matches suffixes and query parameters', async () => {
    await put(matching({ headers: { 'x-team': { suffix: '.qa' } }, query: { v: { prefix: '2.' } } }), 'x-team');
    await allTo('v2', '/?v=2.7', 'x-team: shop.qa');
    await allTo('v1', '/?v=27', 'x-team: shop.qa');
    await allTo('v1', '/?v=2.7', 'x-team: shopqa');
  });

  it('tells callers by the labels of their pods', async () => {
    await put(matching({ sourceLabels: { 'sluice.test/client': bench.proxy.name } }), '||web-canary.');
    await waitUntil('every request', async () => shares(await bench.load(50))['v2'] === 1);
    await bench.render(provider, matching({ sourceLabels: { 'sluice.test/client': 'another' } }));
    await waitUntil('none', async () => !(await bench.routes()).includes('||web-canary.'));
    await allTo('v1', '/');
  });

  it('is taken out to the last byte', end);
});

/** Requests that the canary's pod has answered, copies among them. */
const answered = async (): Promise<number> => {
  const address = await bench.kubectl([
    'get',
    'pods',
    '-l',
    'app=web-canary',
    '-o',
    'jsonpath={.items[0].status.podIP}',
  ]);
  const { text } = await fetchText(`http://${address}:8080/metrics`);
  const counts = text.split('\n').filter((line) => line.startsWith('http_requests_total{'));
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

describe('a mirror in a VirtualService of the user', () => {
  beforeAll(() => begin(only));

  it('copies about the percentage asked for to the canary, and no client sees its answers', async () => {
    await put({ weight: percent(0), mirror: percent(50) }, '||web-canary.');
    const before = await answered();
    const counts = await bench.load(800);
    expect([counts.failed, shares(counts)]).toEqual([0, { v1: 1 }]);
    // 800 draws: four standard deviations are 57 requests. Nobody waits for copies, so the last may come late.
    await waitUntil('the copies', async () => (await answered()) - before > 343);
    expect((await answered()) - before).toBeLessThan(457);
  });

  it('copies in proportion to what stable still serves, beside a weight', async () => {
    await put({ weight: percent(50), mirror: percent(50) }, '"numerator":250000');
    const before = await answered();
    const counts = await bench.load(800);
    expect(counts.failed).toBe(0);
    // Of 800 requests the canary serves 400 and gets copies of 200: four standard deviations are 75 requests.
    await waitUntil('the copies', async () => (await answered()) - before > 525);
    expect((await answered()) - before).toBeLessThan(675);
  });

  it('is taken out to the last byte', end);
});

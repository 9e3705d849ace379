/** Routes on a real API server: its CRDs take what providers write, and what users wrote comes back through every way of applying. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { TrafficRunner } from '../../src/ports/traffic.ts';
import { splitAnnotation } from '../../src/schema/annotations.ts';
import { istio } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { smi } from '../../src/traffic/smi.ts';
import { attach } from '../cluster/up.ts';
import { bytes, goldenRoutes, openBench, type Bench } from './route-bench.ts';

jest.setTimeout(120_000);

/** How the routes get there, first and again in the middle of a release. */
const ways = [
  { way: 'client-side apply', first: ['apply', '-f', '-'], again: ['apply', '-f', '-'] },
  { way: 'create and replace', first: ['create', '-f', '-'], again: ['replace', '-f', '-'] },
  {
    way: 'server-side apply',
    first: ['apply', '--server-side', '--field-manager=gitops', '-f', '-'],
    // No webhook here, so the split's destinations are Sluice's: without force it would be refused.
    again: ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'],
  },
] as const;

const providers: readonly (readonly [string, TrafficRunner])[] = [
  ['istio', runner('istio', istio)],
  ['smi', runner('smi', smi)],
];

const cases = providers.flatMap(([folder, provider]) => ways.map((row) => ({ folder, provider, ...row })));

describe.each(cases)('$folder routes by $way', ({ folder, provider, way, first, again }) => {
  let bench: Bench;
  let manifest: string;
  let stored: string;
  beforeAll(async () => {
    const namespace = `route-${folder}-${way.replaceAll(' ', '-')}-${process.pid}`;
    bench = await openBench(await attach(), namespace);
    manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: goldenRoutes(folder, namespace) });
    await bench.kubectl(first, manifest);
    stored = bytes(await bench.live(provider));
  });
  afterAll(() => bench.close());

  it('are untouched as long as nothing is split', async () => {
    expect(stored).toContain('"kind"');
    expect(await bench.render(provider, 0)).toEqual([]);
    expect(await bench.restore(provider)).toEqual([]);
  });

  it('take the split as it was rendered, with nothing left to do', async () => {
    expect(await bench.render(provider, 5)).not.toEqual([]);
    expect(await bench.render(provider, 25)).not.toEqual([]);
    expect(provider.observe(bench.target, await bench.live(provider))).toEqual({ weight: 25 });
    expect(await bench.render(provider, 25)).toEqual([]);
  });

  it('are split again after the original was put back in the middle', async () => {
    const split = bytes(await bench.live(provider));
    await bench.kubectl(again, manifest);
    expect(bytes(await bench.live(provider))).not.toContain('web-canary');
    expect(await bench.render(provider, 25)).not.toEqual([]);
    expect(bytes(await bench.live(provider))).toBe(split);
  });

  it('come back byte for byte', async () => {
    await bench.restore(provider);
    expect(bytes(await bench.live(provider))).toBe(stored);
    expect(stored).not.toContain(splitAnnotation);
  });

  it('can be applied as before', async () => {
    const plain = way === 'server-side apply' ? first : again;
    await bench.kubectl(plain, manifest);
    expect(bytes(await bench.live(provider))).toBe(stored);
  });
});

describe.each(providers)('the %s provider: a route with an empty map of annotations', (_folder, provider) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(await attach(), `route-empty-${provider.name}-${process.pid}`);
  });
  afterAll(() => bench.close());

  it('comes back as the API server stored it', async () => {
    const [route] = goldenRoutes(provider.name, bench.namespace);
    const object = { ...route!, metadata: { ...route!.metadata, annotations: {} } };
    await bench.kubectl(['create', '-f', '-'], JSON.stringify(object));
    const stored = bytes(await bench.live(provider));
    await bench.render(provider, 25);
    expect(bytes(await bench.live(provider))).toContain('web-canary');
    await bench.restore(provider);
    expect(bytes(await bench.live(provider))).toBe(stored);
  });
});

describe.each(providers)('the %s provider: a route that Sluice makes', (_folder, provider) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(await attach(), `route-made-${provider.name}-${process.pid}`);
  });
  afterAll(() => bench.close());

  it('is taken by the API server as rendered, at every weight, and goes again', async () => {
    for (const share of [1, 50, 100, 0]) {
      await bench.render(provider, share);
      expect(await bench.render(provider, share)).toEqual([]);
      expect(provider.observe(bench.target, await bench.live(provider))).toEqual({ weight: share });
    }
    expect((await bench.live(provider)).size).toBe(1);
    await bench.restore(provider);
    expect((await bench.live(provider)).size).toBe(0);
  });

  it('is nobody’s change when the live one has changed since it was read', async () => {
    await bench.render(provider, 5);
    const [stale] = await bench.render(provider, 6);
    if (stale?.op !== 'replace') throw new Error('a replacement was expected');
    await expect(bench.writer.replace(stale.body, stale.ref.gvk)).rejects.toMatchObject({ reason: 'conflict' });
  });

  it('is owned by nobody: what carries traffic does not go with a Release', async () => {
    await bench.render(provider, 5);
    const owners = [...(await bench.live(provider)).values()].map(({ metadata }) => metadata.ownerReferences);
    expect(owners).toEqual([undefined]);
  });
});

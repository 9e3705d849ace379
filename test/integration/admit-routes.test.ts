/** Routes of users that carry a live split, written by others on a real API server: the split is in every version. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject, KubeObject, Labels } from '../../src/values/kube-object.ts';
import { refKey } from '../../src/values/kube-object.ts';
import { connectApi } from '../../src/kube/api.ts';
import { connectCluster, type ConnectedCluster } from '../../src/kube/cluster.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { splitAnnotation } from '../../src/schema/annotations.ts';
import { istio, virtualServices } from '../../src/traffic/istio.ts';
import { runner } from '../../src/traffic/runner.ts';
import { smi } from '../../src/traffic/smi.ts';
import { crds } from '../../src/manifests/crds.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';
import { sluice } from '../support/admission-input.ts';
import { startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';
import { openBench, type Bench } from './route-bench.ts';

jest.setTimeout(180_000);

const namespace = `admit-routes-${process.pid}`;
const virtualService = virtualServices.gvk;
const provider = runner('istio', istio);
const splits = runner('smi', smi);
const share = 25;
const keptText = 'the split of release web-1 (25 % to web-canary) is kept; it ends with the release';

type Rule = JsonObject & { readonly route: readonly JsonObject[] };
const main: Rule = { name: 'main', timeout: '5s', route: [{ destination: { host: 'web' } }] };
const mixed: Rule = {
  match: [{ uri: { prefix: '/mixed' } }],
  route: [
    { destination: { host: 'web' }, weight: 60 },
    { destination: { host: 'cart' }, weight: 40 },
  ],
};
const elsewhere: Rule = { name: 'main', route: [{ destination: { host: 'cart' } }] };
const manifest = (name: string, http: readonly JsonObject[] = [mixed, main], labels?: Labels): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
  // Calls of the mesh, too: where a route does not decide on them, Sluice makes one that does.
  spec: { hosts: ['web', `${name}.example.com`], http },
});

const [apply, create] = [
  ['apply', '-f', '-'],
  ['create', '-f', '-'],
];
const applyAs = (manager: string): readonly string[] => [
  'apply',
  '--server-side',
  `--field-manager=${manager}`,
  '-f',
  '-',
];
const owner = applyAs('gitops');
/** How a route gets there, and how it is written again in the middle of the release; `patch` and `edit` are below. */
const ways = {
  'client-side-apply': { first: apply, again: apply },
  'server-side-apply': { first: owner, again: owner },
  'forced-apply': { first: owner, again: [...owner, '--force-conflicts'] },
  replace: { first: create, again: ['replace', '-f', '-'] },
  patch: { first: create, again: [] },
  edit: { first: create, again: [] },
} as const;
type Way = keyof typeof ways;
const names = Object.keys(ways) as readonly Way[];
const rounds = 5;

let cluster: Cluster;
let kit: AdmissionKit;
let bench: Bench;
let watch: ConnectedCluster;
const versions: KubeObject[] = [];
const before = new Map<string, KubeObject>();
const during = new Map<string, KubeObject>();
/** Answers to the writes in the middle of the release. */
const said = new Map<Way, readonly Finished[]>();

const read = async (name: string): Promise<KubeObject> =>
  JSON.parse(await kit.succeed(['get', 'virtualservice', name, '-o', 'json', '--show-managed-fields'])) as KubeObject;
const managers = ({ metadata }: KubeObject): readonly unknown[] =>
  (metadata.managedFields ?? []).map(({ manager }) => manager);
const observed = (object: KubeObject): unknown =>
  provider.observe(
    bench.target,
    new Map([[refKey({ gvk: virtualService, namespace, name: object.metadata.name }), object]]),
  );
/** What people have written, to the byte. */
const written = ({ metadata: { labels, annotations }, spec }: KubeObject): string =>
  JSON.stringify({ labels, annotations, spec });

/** The editor gets the object as it is stored, split and all. */
const edit = (round: number): Promise<Finished> =>
  cluster.run('env', [
    `KUBE_EDITOR=sed -i 's/timeout: .*/timeout: ${round}s/'`,
    ...['kubectl', '-n', namespace, 'edit', 'virtualservice', 'edit'],
  ]);

const writeAgain = (way: Way, round: number): Promise<Finished> => {
  const object = manifest(way, [mixed, main], { round: `r${round}` });
  const { labels } = object.metadata;
  const patch = JSON.stringify({ metadata: { labels }, spec: object.spec });
  if (way === 'edit') return edit(round + 1);
  if (way === 'patch') return kit.kubectl(['patch', 'virtualservice', way, '--type=merge', '-p', patch]);
  return kit.kubectl(ways[way].again, object);
};

const watchRoutes = async (): Promise<ConnectedCluster> => {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const api = connectApi({
    env: {},
    kubeconfig: cluster.kubeconfig,
    clock: systemClock,
    component: 'test',
    version: '0',
  });
  const connected = connectCluster({
    api,
    clock: systemClock,
    log: silent,
    watch: [{ gvk: virtualService, namespace }],
  });
  connected.onChange(({ object }) => void versions.push(object));
  await inTime('the first list of routes', connected.ready);
  return connected;
};

beforeAll(async () => {
  cluster = await attach();
  await cluster.apply([...crds()]);
  kit = await startAdmission(cluster, namespace);
  bench = await openBench(cluster, namespace, { user: sluice, guest: true });
  await Promise.all(names.map((way) => kit.succeed(ways[way].first, manifest(way))));
  for (const name of ['edited', 'leaver', 'blind', 'copied']) await kit.succeed(owner, manifest(name));
  for (const { metadata } of (await bench.live(provider)).values())
    before.set(metadata.name, await read(metadata.name));
  await bench.render(provider, share);
  for (const name of before.keys()) during.set(name, await read(name));
  watch = await watchRoutes();
});
afterAll(async () => {
  await watch.stop();
  await bench.close();
  await kit.stop();
});

describe('a split put in by Sluice', () => {
  it('leaves the field managers as they were', () => {
    for (const [name, route] of during) {
      expect([name, observed(route)]).toEqual([name, { weight: share }]);
      expect([name, route.metadata.managedFields]).toEqual([name, before.get(name)?.metadata.managedFields]);
    }
  });
});

describe('a tool that looks for differences', () => {
  it.each<[string, Way, readonly string[]]>([
    ['kubectl diff', 'client-side-apply', []],
    ['kubectl diff --server-side, as Flux asks', 'server-side-apply', ['--server-side', '--field-manager=gitops']],
  ])('finds none, because its dry run is answered in the same way: %s', async (_how, way, more) => {
    const { code, stdout } = await kit.kubectl(['diff', ...more, '-f', '-'], manifest(way));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const changed = await kit.kubectl(['diff', ...more, '-f', '-'], manifest(way, [mixed, { ...main, timeout: '6s' }]));
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('+    timeout: 6s');
    expect(changed.stdout).not.toMatch(/^[-+].*web-canary/m);
  });
});

describe('written again and again in the middle of the release', () => {
  beforeAll(async () => {
    await Promise.all(
      names.map(async (way) => {
        const answers: Finished[] = [];
        for (let round = 1; round <= rounds; round += 1) answers.push(await writeAgain(way, round));
        said.set(way, answers);
      }),
    );
  });

  it.each(names)('by %s succeeds, and says that the split is kept', (way) => {
    const answers = said.get(way) ?? [];
    expect(answers.map(({ code, stderr }) => ({ code, stderr: code === 0 ? '' : stderr }))).toEqual(
      Array.from({ length: rounds }, () => ({ code: 0, stderr: '' })),
    );
    // What an editor is shown has the split in it: nothing had to be put back.
    const warned = answers.filter(({ stderr }) => stderr.includes(keptText)).length;
    expect(warned).toBe(way === 'edit' ? 0 : rounds);
  });

  it('has the split in every version that ever was', async () => {
    for (const way of names) {
      const { metadata } = await read(way);
      const seen = (): readonly KubeObject[] => versions.filter((v) => v.metadata.name === way);
      await waitUntil(
        `the last version of ${way}`,
        () => seen().at(-1)?.metadata.resourceVersion === metadata.resourceVersion,
      );
      expect([way, seen().length]).toEqual([way, rounds + 1]);
      expect([way, seen().map(observed)]).toEqual([way, seen().map(() => ({ weight: share }))]);
    }
  });

  it.each(names)('by %s makes no version where nothing else changes', async (way) => {
    const stored = await read(way);
    expect((await writeAgain(way, rounds)).code).toBe(0);
    expect((await read(way)).metadata.resourceVersion).toBe(stored.metadata.resourceVersion);
    expect(stored.metadata.generation).toBe(way === 'edit' ? 2 + rounds : 2);
  });

  it('by server-side apply nobody is in the way of the owner, who was never forced', async () => {
    expect(managers(await read('server-side-apply'))).toEqual(['gitops']);
  });
});

const changed = manifest('edited', [
  { ...main, timeout: '7s' },
  { ...mixed, retries: { attempts: 2 } },
  { ...main, name: 'new' },
]);

describe('changes of the owner in the middle of the release', () => {
  it('get through with the split in them, and are what is left at the end', async () => {
    const { code, stderr } = await kit.kubectl(owner, changed);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(keptText) });
    const stored = await read('edited');
    expect(observed(stored)).toEqual({ weight: share });
    expect(JSON.stringify(stored.spec).match(/web-canary/g)).toHaveLength(3);
    expect(managers(stored)).toEqual(['gitops']);
  });

  it('that send elsewhere take the memory of the split along', async () => {
    const { code, stderr } = await kit.kubectl(owner, manifest('leaver', [elsewhere]));
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('no longer sends to web') });
    const { metadata, spec } = await read('leaver');
    expect([metadata.annotations, spec]).toEqual([undefined, manifest('leaver', [elsewhere]).spec]);
  });
});

describe('a TrafficSplit', () => {
  const split: KubeObject = {
    apiVersion: 'split.smi-spec.io/v1alpha2',
    kind: 'TrafficSplit',
    metadata: { name: 'web', namespace },
    spec: { service: 'web', backends: [{ service: 'web', weight: 100 }] },
  };
  const stored = async (): Promise<KubeObject> =>
    JSON.parse(await kit.succeed(['get', 'trafficsplit', 'web', '-o', 'json', '--show-managed-fields'])) as KubeObject;

  it('is kept in the same way, and given back to its owner', async () => {
    await kit.succeed(owner, split);
    await bench.render(splits, share);
    const live = await stored();
    expect([JSON.stringify(live.spec), managers(live)]).toEqual([expect.stringContaining('web-canary'), ['gitops']]);
    const { code, stderr } = await kit.kubectl(owner, split);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(keptText) });
    expect((await stored()).metadata.resourceVersion).toBe(live.metadata.resourceVersion);
    await bench.restore(splits);
    expect((await stored()).spec).toEqual(split.spec);
  });
});

describe('while no webhook answers', () => {
  it('Sluice and the owner can write, and afterwards the owner is in nobody’s way again', async () => {
    await kit.whileDown(() => bench.render(provider, share + 5));
    expect(managers(await read('blind'))).toContain('sluice');
    await kit.whileDown(() => kit.succeed(['label', 'virtualservice', 'blind', 'seen=yes']));
    await bench.render(provider, share);
    expect(managers(await read('blind'))).not.toContain('sluice');
    expect((await kit.kubectl(owner, manifest('blind'))).code).toBe(0);
    expect(observed(await read('blind'))).toEqual({ weight: share });
  });
});

describe('at the end of the release', () => {
  beforeAll(async () => {
    await bench.restore(provider);
  });

  it.each(names.filter((way) => way !== 'edit'))('what was written last by %s is there, to the byte', async (way) => {
    const { metadata, ...rest } = before.get(way)!;
    const annotations = way === 'client-side-apply' ? (await read(way)).metadata.annotations : metadata.annotations;
    const expected = { ...rest, metadata: { ...metadata, annotations, labels: { round: `r${rounds}` } } } as KubeObject;
    expect(written(await read(way))).toBe(written(expected));
    expect((await read(way)).metadata.annotations?.[splitAnnotation]).toBeUndefined();
  });

  it('what the owner changed meanwhile is there', async () => {
    const { spec, metadata } = await read('edited');
    expect(spec).toEqual(changed.spec);
    expect(metadata.annotations).toBeUndefined();
  });

  it('server-side apply of a change needs no force', async () => {
    for (const name of ['server-side-apply', 'edited', 'blind']) {
      const { code, stderr } = await kit.kubectl(owner, manifest(name, [{ ...main, timeout: '9s' }]));
      expect([name, code, stderr]).toEqual([name, 0, '']);
      expect((await read(name)).spec).toEqual(manifest(name, [{ ...main, timeout: '9s' }]).spec);
    }
  });

  it('a copy of the live object with the split in it is stored without', async () => {
    const { metadata, spec } = during.get('copied')!;
    const copy = { ...manifest('copied'), metadata: { name: 'copied', annotations: metadata.annotations }, spec };
    const { code, stderr } = await kit.kubectl(['replace', '-f', '-'], copy);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('is taken out') });
    expect(written(await read('copied'))).toBe(written(before.get('copied')!));
    const anew = { ...copy, metadata: { ...copy.metadata, name: 'anew' } };
    await kit.succeed(create, anew);
    expect((await read('anew')).spec?.['http']).toEqual(before.get('copied')?.spec?.['http']);
  });
});

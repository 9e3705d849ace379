/**
 * The entries that policies have asked for, while somebody changes whom API servers trust: `dev` with certificates that last a
 * few seconds, and an injector that writes `caBundle` as cert-manager's does. All that time, a new template of a workload that
 * a policy selects is to be held.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { issueServing, makeAuthority, type Credential } from '../../src/certs/authority.ts';
import { memoryStore } from '../../src/certs/certificate-store.ts';
import { certificatesIn } from '../../src/certs/material.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import { trustedAuthorities } from '../../src/certs/trust.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import type { WebhookConfig } from '../../src/config/settings.ts';
import { isSelected } from '../../src/manifests/selections.ts';
import type { Deployment, Gvk, JsonObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Api } from '../../src/kube/api.ts';
import { collectionPath, objectPath } from '../../src/kube/api-path.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { ensure } from '../../src/main/install.ts';
import { trustInstalled } from '../../src/certs/trust-installed.ts';
import { webhookWatches } from '../../src/main/watches.ts';
import { certificatesFor, selfMade } from '../../src/main/webhook-certificates.ts';
import type { ClusterWriter } from '../../src/ports/cluster.ts';
import { patchGuarded } from '../../src/ports/patch-guarded.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { webhookConfigurations, type WebhookConfiguration } from '../../src/manifests/webhooks.ts';
import { attach } from '../cluster/up.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { apiOf } from '../kube/cluster-kit.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest } from '../support/admission-webhook.ts';
import { injectFrom, startInjector, type Injector, type InjectorOptions } from '../support/ca-injector.ts';
import { shortLived, startReplica, type Replica } from '../support/webhook-replica.ts';

const id = `trust-${process.pid}`;
const configurationKinds = [kinds.mutatingWebhook, kinds.validatingWebhook];
const host = '127.0.0.1';

let cluster: Cluster;
let api: Api;
let writer: ClusterWriter;
let keys: readonly string[];

const webhooksOf = async (gvk: Gvk, name: string): Promise<readonly JsonObject[]> =>
  ((await writer.fetch({ gvk, name })) as unknown as { webhooks?: readonly JsonObject[] } | undefined)?.webhooks ?? [];
const generations = async (name: string): Promise<readonly number[]> =>
  Promise.all(configurationKinds.map(async (gvk) => (await writer.fetch({ gvk, name }))?.metadata.generation ?? 0));
/** How many entries of policies each configuration has. */
const entries = async (name: string): Promise<readonly number[]> =>
  Promise.all(configurationKinds.map(async (gvk) => (await webhooksOf(gvk, name)).filter(isSelected).length));
const haveEntries = (name: string, count: number): Promise<boolean> =>
  waitUntil(`${count} entries`, async () => (await entries(name)).every((found) => found === count));

const policy = (name: string, selector: object): object => ({
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name },
  spec: { selector },
});
const create = (gvk: Gvk, namespace: string, body: object): Promise<JsonObject> =>
  api.request({ method: 'POST', path: collectionPath(gvk, namespace), what: 'create', body: body as JsonObject });

/** A namespace with a workload that says nothing, runs, and is selected by a policy. */
const furnish = async (namespace: string): Promise<void> => {
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  const { metadata, spec, ...rest } = aManifest('web', 'sluice.test/app:1', {});
  const labels = { tier: 'front' };
  await Promise.all([
    create(kinds.canaryPolicy, namespace, policy('front', { matchLabels: labels })),
    create(kinds.deployment, namespace, {
      ...rest,
      metadata: { ...metadata, labels },
      spec: { ...spec, replicas: 1 },
    }),
  ]);
  await waitUntil('the workload to run', async () => {
    const found = (await writer.fetch({ gvk: kinds.deployment, namespace, name: 'web' })) as unknown as Deployment;
    return (found.status?.availableReplicas ?? 0) > 0;
  });
};

/** Whether a new template would be held; rejects when the API server gets no answer. */
const isHeld = async (namespace: string): Promise<boolean> => {
  const answer = await api.request({
    method: 'PATCH',
    path: objectPath({ gvk: kinds.deployment, namespace, name: 'web' }),
    what: 'a new template',
    query: { dryRun: 'All' },
    contentType: 'application/merge-patch+json',
    body: { spec: { template: { metadata: { annotations: { 'example.com/change': 'new' } } } } },
  });
  return (answer as unknown as Deployment).spec.paused === true;
};

type Asked = {
  readonly outcomes: readonly string[];
  /** Resolves when there are so many outcomes. */
  readonly until: (count: number) => Promise<unknown>;
  readonly done: () => Promise<void>;
};
/** Writes a new template again and again, and keeps what became of it. */
const askAllTheTime = (namespace: string): Asked => {
  const outcomes: string[] = [];
  const state = { going: true };
  const asking = (async (): Promise<void> => {
    while (state.going) outcomes.push(await isHeld(namespace).then((held) => (held ? 'held' : 'native'), String));
  })();
  return {
    outcomes,
    until: (count) => waitUntil(`${count} outcomes`, () => outcomes.length >= count),
    done: async () => {
      state.going = false;
      await asking;
    },
  };
};

const configurations = (
  name: string,
  more: Pick<Parameters<typeof webhookConfigurations>[0], 'clientConfig' | 'caBundle'>,
): readonly [WebhookConfiguration, WebhookConfiguration] =>
  webhookConfigurations({
    name,
    namespace: name,
    sluiceUsers: [sluice],
    providerKinds: [],
    failurePolicy: 'Fail',
    ...more,
  });

const gvkOf = ({ kind }: WebhookConfiguration): Gvk =>
  kind === kinds.mutatingWebhook.kind ? kinds.mutatingWebhook : kinds.validatingWebhook;
/** As it is given, with nothing left of what others have written into it. */
const overwrite = async (object: WebhookConfiguration): Promise<void> => {
  const gvk = gvkOf(object);
  await patchGuarded(writer, { gvk, name: object.metadata.name }, () => [
    { op: 'replace', path: '/webhooks', value: object.webhooks },
  ]);
};

/** The settings of a webhook whose certificate cert-manager looks after, from the chart's own flags. */
const chartConfig = (name: string): WebhookConfig => {
  const flags = [
    `--service=${name}/${name}`,
    `--certificate-secret=${name}/${name}`,
    `--webhook-configuration=${name}`,
  ];
  const parsed = parseConfig(['webhook', `--as=${sluice}`, '--tls=secret', '--ca-bundle=leave', ...flags], {});
  if (parsed.kind !== 'run' || parsed.config.command !== 'webhook') throw new Error(JSON.stringify(parsed));
  return parsed.config;
};

type Told = { readonly asked: readonly string[]; readonly bundles: readonly (readonly string[])[] };

const replicas: Replica[] = [];
const injectors: Injector[] = [];

/** Both configurations are written by `dev` itself. */
const developed = async (name: string): Promise<Told & { readonly log: readonly string[] }> => {
  await furnish(name);
  const install = async (bundle: string, port: number): Promise<void> => {
    const caBundle = Buffer.from(bundle).toString('base64');
    const made = configurations(name, { clientConfig: { url: `https://${host}:${port}` }, caBundle });
    for (const object of made) await ensure(writer, { gvk: gvkOf(object), object });
  };
  const replica = await startReplica({
    kubeconfig: cluster.kubeconfig,
    namespace: name,
    name,
    host,
    keys,
    watch: webhookWatches(name),
    certificates: (around) =>
      selfMade({
        ...around,
        ...shortLived,
        names: { dnsNames: [], ips: [host] },
        store: memoryStore(),
        trust: trustInstalled({ cluster: writer, name, install }),
      }),
  });
  replicas.push(replica);
  await haveEntries(name, 1);
  await waitUntil('questions', () => isHeld(name).catch(() => false));
  const before = await trustedAuthorities(writer, name);
  const already = new Set(replica.served).size;
  const asked = askAllTheTime(name);
  await waitUntil('two renewals', () => new Set(replica.served).size >= already + 2);
  await asked.until(21);
  await asked.done();
  return { asked: asked.outcomes, bundles: [before, await trustedAuthorities(writer, name)], log: replica.log };
};

/** What cert-manager puts into the Secret. */
const issued = (authority: Credential, name: string): object => {
  const now = Date.now();
  const names = { dnsNames: [`${name}.${name}.svc`], ips: [host] };
  const serving = issueServing({ authority, key: keys[0] ?? '', now, days: 1, ...names });
  const files = { 'tls.crt': serving.cert, 'tls.key': serving.key, 'ca.crt': authority.cert };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: name },
    stringData: files,
  };
};
const anAuthority = (key: string | undefined): Credential =>
  makeAuthority({ key: key ?? '', now: Date.now(), days: 1 });

type Injected = {
  readonly renewed: Told;
  readonly changed: Told;
  readonly overwritten: readonly (readonly string[])[];
  /** Generations of both configurations: at rest, with one policy more, and without it again. */
  readonly generations: readonly (readonly number[])[];
};

/** Both configurations are the chart's, and the bundles in them the injector's. */
const injected = async (name: string, how: Pick<InjectorOptions, 'writes' | 'merges'>): Promise<Injected> => {
  const [one, other] = [anAuthority(keys[1]), anAuthority(keys[2])];
  await furnish(name);
  await cluster.apply([issued(one, name)]);
  const replica = await startReplica({
    kubeconfig: cluster.kubeconfig,
    namespace: name,
    name,
    host,
    keys,
    certificates: (around) => certificatesFor(chartConfig(name), around),
  });
  const injector = await startInjector({ api, name, namespace: name, ...how });
  replicas.push(replica);
  injectors.push(injector);
  const chart = configurations(name, { clientConfig: { url: `https://${host}:${replica.port}` } }).map((object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { [injectFrom]: `${name}/${name}` } },
  }));
  await cluster.apply(chart);
  await haveEntries(name, 1);
  await waitUntil('questions', () => isHeld(name).catch(() => false));
  const meanwhile = async (what: string, served: number, change: () => Promise<unknown>): Promise<Told> => {
    const asked = askAllTheTime(name);
    await change();
    await waitUntil(what, () => new Set(replica.served).size >= served, { withinMs: 60_000 });
    await injector.quiet();
    await asked.until(asked.outcomes.length + 5);
    await asked.done();
    return { asked: asked.outcomes, bundles: [await trustedAuthorities(writer, name)] };
  };
  const everything = policy('everything', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] });
  const renewed = await meanwhile('another certificate', 2, async () => {
    await create(kinds.canaryPolicy, name, everything);
    await haveEntries(name, 2);
    await cluster.apply([issued(one, name)]);
  });
  const changed = await meanwhile('another authority', 3, () => cluster.apply([issued(other, name)]));
  // All that the chart does not speak of is gone: bundles, and entries of policies.
  for (const object of chart) await overwrite(object);
  await haveEntries(name, 2);
  await waitUntil('all bundles', async () => (await trustedAuthorities(writer, name)).every((bundle) => bundle !== ''));
  await injector.quiet();
  const overwritten = [await trustedAuthorities(writer, name)];
  const atRest = await generations(name);
  await create(kinds.canaryPolicy, name, policy('more', { matchLabels: { tier: 'more' } }));
  await haveEntries(name, 3);
  await injector.quiet();
  const more = await generations(name);
  overwritten.push(await trustedAuthorities(writer, name));
  await writer.remove({ gvk: kinds.canaryPolicy, namespace: name, name: 'more' });
  await haveEntries(name, 2);
  await injector.quiet();
  return { renewed, changed, overwritten, generations: [atRest, more, await generations(name)] };
};

const ways = [
  { writes: 'update', merges: false },
  { writes: 'apply', merges: true },
] as const;
const names = { dev: `${id}-dev`, update: `${id}-update`, apply: `${id}-apply` };
let dev: Awaited<ReturnType<typeof developed>>;
const stories = new Map<string, Injected>();

beforeAll(async () => {
  cluster = await attach();
  await cluster.apply([...crds()]);
  await cluster.kubectl('wait', '--for=condition=Established', ...crds().map((crd) => `crd/${crd.metadata.name}`));
  api = apiOf(cluster);
  writer = clusterWriter({ api, fieldManager: 'test', seen: { written: () => undefined, gone: () => undefined } });
  keys = await Promise.all(Array.from({ length: 4 }, newPrivateKey));
  await Promise.all([
    developed(names.dev).then((told) => (dev = told)),
    ...ways.map(async (how) => stories.set(how.writes, await injected(names[how.writes], how))),
  ]);
}, 170_000);

afterAll(async () => {
  await Promise.all(injectors.map((injector) => injector.stop()));
  await Promise.all(replicas.map((replica) => replica.stop()));
  for (const name of Object.values(names)) {
    for (const gvk of configurationKinds) await writer.remove({ gvk, name });
    await writer.remove({ gvk: kinds.namespace, name });
  }
}, 60_000);

const notHeld = ({ asked }: Told): readonly string[] => asked.filter((outcome) => outcome !== 'held');

describe('dev, whose certificate and authority change every few seconds', () => {
  it('holds what policies select all the time', () => {
    expect(dev.asked.length).toBeGreaterThan(20);
    expect(notHeld(dev)).toEqual([]);
  });

  it('has every entry trust the new authority, those of policies too', async () => {
    expect(await entries(names.dev)).toEqual([1, 1]);
    const [first = [], last = []] = dev.bundles;
    expect([new Set(first).size, new Set(last).size]).toEqual([1, 1]);
    expect(last.length).toBeGreaterThanOrEqual(first.length);
    expect(last[0]).not.toBe(first[0]);
  });

  it('does not take its own writes for those of somebody else', () => {
    expect(dev.log.length).toBeGreaterThan(2);
    expect(dev.log.filter((line) => line.includes('somebody has changed'))).toEqual([]);
  });
});

describe.each(ways)('an injector of cert-manager ($writes, merges: $merges)', ({ writes, merges }) => {
  const story = (): Injected => stories.get(writes)!;
  /** Every webhook of both configurations trusts the same, and something. */
  const oneBundle = (bundles: readonly string[] | undefined): void => {
    expect(new Set(bundles).size).toBe(1);
    expect(bundles?.[0]).toContain('BEGIN CERTIFICATE');
  };

  it('does not keep the entry of another policy, nor another certificate, from holding all the time', () => {
    const { renewed } = story();
    expect(renewed.asked.length).toBeGreaterThan(20);
    expect(notHeld(renewed)).toEqual([]);
    oneBundle(renewed.bundles[0]);
  });

  it('that changes the authority is followed, and nothing passes unseen', () => {
    const { changed } = story();
    // Where the injector keeps no authority but the new one, the certificate before is refused until the new one is shown.
    const unanswered = merges ? [] : notHeld(changed).filter((outcome) => outcome.includes('failed calling webhook'));
    expect(notHeld(changed)).toEqual(unanswered);
    expect(changed.asked.at(-1)).toBe('held');
    oneBundle(changed.bundles[0]);
    expect(certificatesIn(changed.bundles[0]?.[0])).toHaveLength(merges ? 2 : 1);
  });

  it('and Sluice put back what both lose when somebody overwrites the configurations', () => {
    for (const bundles of story().overwritten) oneBundle(bundles);
  });

  it('is not fought: one policy more or less is one change of each configuration', () => {
    const [atRest = [], more, again] = story().generations;
    expect(more).toEqual(atRest.map((generation) => generation + 1));
    expect(again).toEqual(atRest.map((generation) => generation + 2));
  });
});

/** More selecting policies than a webhook configuration has entries for, on a real API server: who is asked about, and what it costs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isSelected } from '../../src/manifests/selections.ts';
import type { Deployment, Gvk, JsonObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { collectionPath, objectPath } from '../../src/kube/api-path.ts';
import type { Api } from '../../src/kube/api.ts';
import type { ConnectedCluster } from '../../src/kube/cluster.ts';
import { selectingPolicies } from '../../src/policies/policies.ts';
import { webhookWatches } from '../../src/main/watches.ts';
import { webhookRules } from '../../src/main/webhook-rules.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import { keepSelections, type Selections } from '../../src/webhook/keep-selections.ts';
import { attach } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { apiOf, clusterOf } from '../kube/cluster-kit.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';

const id = `admit-many-${process.pid}`;
/** Policies are in the first one alone. */
const [full, beside] = [id, `${id}-beside`] as const;
const names = ['first', 'middle', 'last', 'unselected'] as const;
const slots = { first: 1, middle: 101, last: 120, unselected: 999 } as const;

let api: Api;
let view: ConnectedCluster;
let kit: AdmissionKit;
let selections: Selections;

const create = (gvk: Gvk, namespace: string, body: object): Promise<JsonObject> =>
  api.request({ method: 'POST', path: collectionPath(gvk, namespace), what: 'create', body: body as JsonObject });
const policy = (slot: number): object => ({
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name: `slot-${slot}` },
  spec: { selector: { matchLabels: { slot: `s${slot}` } }, weights: [5, 50] },
});
const from = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
const add = (...policies: readonly number[]): Promise<unknown> =>
  Promise.all(policies.map((slot) => create(kinds.canaryPolicy, full, policy(slot))));
const remove = (...policies: readonly number[]): Promise<unknown> =>
  Promise.all(policies.map((slot) => view.remove({ gvk: kinds.canaryPolicy, namespace: full, name: `slot-${slot}` })));

const workload = (name: string, slot: number): object => {
  const { metadata, spec, ...rest } = aManifest(name, 'sluice.test/app:1', {});
  return { ...rest, metadata: { ...metadata, labels: { slot: `s${slot}` } }, spec: { ...spec, replicas: 1 } };
};
const isAvailable = async (namespace: string, name: string): Promise<boolean> => {
  const found = (await view.fetch({ gvk: kinds.deployment, namespace, name })) as unknown as Deployment;
  return (found.status?.availableReplicas ?? 0) > 0;
};

type Configuration = JsonObject & { readonly webhooks: readonly JsonObject[] };
const configurations = (): Promise<readonly Configuration[]> =>
  Promise.all(
    [kinds.mutatingWebhook, kinds.validatingWebhook].map(
      async (gvk) =>
        (await api.request({ method: 'GET', path: objectPath({ gvk, name: id }), what: 'get' })) as Configuration,
    ),
  );
const entries = async (): Promise<readonly (readonly string[])[]> =>
  (await configurations()).map(({ webhooks }) => webhooks.filter(isSelected).map(({ name }) => name as string));
/** Resolves when both configurations have so many entries for policies. */
const haveEntries = (count: number): Promise<boolean> =>
  waitUntil(`${count} entries`, async () => (await entries()).every((found) => found.length === count));
const kibibytes = async (): Promise<number> =>
  Math.max(...(await configurations()).map((one) => JSON.stringify(one).length)) / 1024;

/** A dry run of a new template: whether it would be held, and whether anybody was asked. */
const tried = async (namespace: string, name: string): Promise<string> => {
  kit.seen();
  const answer = await api.request({
    method: 'PATCH',
    path: objectPath({ gvk: kinds.deployment, namespace, name }),
    what: `a new template of ${name}`,
    query: { dryRun: 'All' },
    contentType: 'application/merge-patch+json',
    body: { spec: { template: { metadata: { annotations: { 'example.com/change': 'new' } } } } },
  });
  const held = (answer as unknown as Deployment).spec.paused === true;
  return `${held ? 'held' : 'native'}, ${kit.seen().length === 0 ? 'not asked' : 'asked'}`;
};
const everybody = async (): Promise<Readonly<Record<string, string>>> => {
  const all: Record<string, string> = {};
  for (const name of names) all[name] = await tried(full, name);
  all['beside'] = await tried(beside, 'unselected');
  return all;
};
/** What becomes of everybody once this one is treated like this: the API server goes by a configuration some moment later. */
const whenever = async (name: string, outcome: string): Promise<Readonly<Record<string, string>>> => {
  await waitUntil(`${name}: ${outcome}`, async () => (await everybody())[name] === outcome);
  return everybody();
};

type Stage = {
  readonly entries: readonly (readonly string[])[];
  readonly kibibytes: number;
  readonly outcomes: Readonly<Record<string, string>>;
};
const stages: Record<'hundred' | 'more' | 'fewer' | 'none', Stage | undefined> = {
  hundred: undefined,
  more: undefined,
  fewer: undefined,
  none: undefined,
};
const stage = async (count: number, ...[name, outcome]: Parameters<typeof whenever>): Promise<Stage> => {
  await haveEntries(count);
  const outcomes = await whenever(name, outcome);
  return { entries: await entries(), kibibytes: await kibibytes(), outcomes };
};

beforeAll(async () => {
  const cluster = await attach();
  await cluster.apply([...crds()]);
  await cluster.kubectl('wait', '--for=condition=Established', ...crds().map((crd) => `crd/${crd.metadata.name}`));
  api = apiOf(cluster);
  view = await clusterOf(api, webhookWatches(undefined));
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: beside } }]);
  kit = await startAdmission(cluster, id, { rules: webhookRules(view, sluice), clusterWide: true, others: [beside] });
  selections = keepSelections({
    cluster: view,
    configuration: id,
    policies: () => selectingPolicies(view).filter(({ namespace }) => namespace === full),
    clock: systemClock,
    changed: () => undefined,
    failed: (error) => process.stderr.write(`${String(error)}\n`),
  });
  view.onChange(({ gvk }) => {
    if (gvk.kind === kinds.canaryPolicy.kind) selections.check();
  });
  await Promise.all([
    ...names.map((name) => create(kinds.deployment, full, workload(name, slots[name]))),
    create(kinds.deployment, beside, workload('unselected', slots.unselected)),
  ]);
  const all = [...names.map((name) => [full, name] as const), [beside, 'unselected'] as const];
  await Promise.all(all.map(([namespace, name]) => waitUntil(`${name} to run`, () => isAvailable(namespace, name))));
  await add(...from(1, 100));
  stages.hundred = await stage(100, 'first', 'held, asked');
  await add(...from(101, 120));
  stages.more = await stage(1, 'last', 'held, asked');
  await remove(...from(2, 100));
  stages.fewer = await stage(21, 'unselected', 'native, not asked');
  await remove(1, ...from(101, 120));
  stages.none = await stage(0, 'last', 'native, not asked');
}, 170_000);

afterAll(async () => {
  await selections.stop();
  await view.remove({ gvk: kinds.namespace, name: beside });
  await kit.stop();
}, 60_000);

const [held, native, unheard] = ['held, asked', 'native, asked', 'native, not asked'];

describe('policies with distinct selectors', () => {
  it('have an entry each as long as they are a hundred at most', () => {
    const { entries: found, outcomes, kibibytes: size } = stages.hundred!;
    for (const names of found) expect(new Set(names).size).toBe(100);
    expect(outcomes).toEqual({ first: held, middle: unheard, last: unheard, unselected: unheard, beside: unheard });
    // etcd takes 1.5 MiB.
    expect(size).toBeLessThan(768);
  });

  it('have one entry for all namespaces of theirs when they are more, and nobody else is asked about', () => {
    const { entries: found, outcomes, kibibytes: size } = stages.more!;
    const name = 'policy-namespaces.selected.sluice.dev';
    expect(found).toEqual([[name], [name]]);
    expect(outcomes).toEqual({ first: held, middle: held, last: held, unselected: native, beside: unheard });
    expect(size).toBeLessThan(128);
  });

  it('have their own again when they are fewer', () => {
    const { outcomes } = stages.fewer!;
    expect(outcomes).toEqual({ first: held, middle: held, last: held, unselected: unheard, beside: unheard });
  });

  it('take their entries along when they go', () => {
    const { outcomes } = stages.none!;
    expect(outcomes).toEqual({ ...Object.fromEntries(names.map((name) => [name, unheard])), beside: unheard });
  });
});

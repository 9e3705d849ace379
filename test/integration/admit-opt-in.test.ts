/** Every way of opting in and out, on a real API server: what is paused, what is asked about, and what never is. */
import { weightsOf } from '../../src/core/plan/policy-weights.ts';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { isSelected } from '../../src/manifests/selections.ts';
import type { Deployment, Gvk, JsonObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { uncoveredWarnings } from '../../src/core/admission/uncovered.ts';
import type { ParsedPolicy } from '../../src/core/policy/parse-policy.ts';
import type { SelectingPolicy } from '../../src/core/policy/opt-in.ts';
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

const id = `admit-opt-in-${process.pid}`;
const [plain, enabled, disabled, wide] = [id, `${id}-on`, `${id}-off`, `${id}-wide`] as const;
const [on, off] = [{ 'sluice.dev/canary': 'enabled' }, { 'sluice.dev/canary': 'disabled' }] as const;
const front = { tier: 'front' };
const many = Object.fromEntries(Array.from({ length: 95 }, (_, i) => [`example.com/k${i}`, 'v']));

type Way = {
  readonly name: string;
  readonly namespace: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** First percentage of the policy that applies; undefined: not opted in. */
  readonly weight: number | undefined;
};

const ways: readonly Way[] = [
  { name: 'annotated', namespace: plain, annotations: on, weight: 1 },
  { name: 'labelled', namespace: plain, labels: on, weight: 1 },
  { name: 'naming', namespace: plain, labels: { 'sluice.dev/policy': 'named' }, weight: 7 },
  { name: 'selected', namespace: plain, labels: front, weight: 8 },
  { name: 'in-namespace', namespace: enabled, weight: 1 },
  { name: 'crowded', namespace: enabled, annotations: many, labels: many, weight: 1 },
  { name: 'by-cluster', namespace: wide, weight: 9 },
  { name: 'selected-although', namespace: disabled, labels: front, weight: 8 },
  { name: 'silent', namespace: plain, weight: undefined },
  { name: 'other-labels', namespace: plain, labels: { tier: 'back' }, weight: undefined },
  { name: 'out-of-policy', namespace: plain, labels: { ...front, ...off }, weight: undefined },
  { name: 'out-of-namespace', namespace: enabled, annotations: off, weight: undefined },
  { name: 'in-disabled', namespace: disabled, weight: undefined },
  { name: 'out-of-cluster', namespace: wide, labels: off, weight: undefined },
];
const optedIn = ways.filter(({ weight }) => weight !== undefined);
const optedOut = ways.filter(({ weight }) => weight === undefined);
/** Those of which the webhook never hears unless their own annotations or labels change. */
const unheard = optedOut.filter(({ annotations, labels }) => !JSON.stringify([annotations, labels]).includes('sluice'));

let api: Api;
let view: ConnectedCluster;
let kit: AdmissionKit;
let selections: Selections;

const create = (gvk: Gvk, object: object, namespace?: string): Promise<JsonObject> =>
  api.request({ method: 'POST', path: collectionPath(gvk, namespace), what: 'create', body: object as JsonObject });
const patch = (gvk: Gvk, { name, namespace }: { name: string; namespace: string }, body: object, more = {}) =>
  api.request({
    method: 'PATCH',
    path: objectPath({ gvk, namespace, name }, (more as { subresource?: 'status' }).subresource),
    what: `patch ${name}`,
    contentType: 'application/merge-patch+json',
    body: body as JsonObject,
  });
const get = async (gvk: Gvk, name: string, namespace?: string): Promise<JsonObject> =>
  api.request({
    method: 'GET',
    path: objectPath({ gvk, name, ...(namespace === undefined ? {} : { namespace }) }),
    what: `get ${name}`,
  });
const deployment = async ({ name, namespace }: Way): Promise<Deployment> =>
  (await get(kinds.deployment, name, namespace)) as unknown as Deployment;

const policy = (kind: string, name: string, spec: object): object => ({ apiVersion, kind, metadata: { name }, spec });
const manifest = ({ name, annotations = {}, labels = {} }: Way, replicas = 1): object => {
  const made = aManifest(name, 'sluice.test/app:1', annotations);
  return { ...made, metadata: { ...made.metadata, labels }, spec: { ...made.spec, replicas } };
};
/** A new template, by an annotation of the pods. */
const newTemplate = (text: string): object => ({
  spec: { template: { metadata: { annotations: { 'example.com/change': text } } } },
});
const change = (way: Way, text: string): Promise<JsonObject> => patch(kinds.deployment, way, newTemplate(text));

const entries = async (gvk: Gvk): Promise<number> => {
  const { webhooks } = (await get(gvk, id)) as unknown as { readonly webhooks: readonly JsonObject[] };
  return webhooks.filter(isSelected).length;
};
/** And its controller has nothing more to write: a write of ours that meets one of its own is asked about twice. */
const available = async (way: Way): Promise<boolean> => {
  const { status, metadata } = await deployment(way);
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing')?.reason;
  const settled = progressing === 'NewReplicaSetAvailable' && status?.observedGeneration === metadata.generation;
  return settled && (status?.availableReplicas ?? 0) >= 1;
};
/** The API server asks from some moment soon after a configuration is stored. */
const asks = async (way: Way): Promise<boolean> => {
  const query = { dryRun: 'All' };
  const path = objectPath({ gvk: kinds.deployment, namespace: way.namespace, name: way.name });
  const body = newTemplate('dry') as JsonObject;
  const contentType = 'application/merge-patch+json';
  const answer = await api.request({ method: 'PATCH', path, what: 'dry run', query, contentType, body });
  return (answer as unknown as Deployment).spec.paused === true;
};

const selecting = (): readonly SelectingPolicy[] =>
  selectingPolicies(view).filter(({ namespace = id }) => namespace.startsWith(id));
const known = (name: string): boolean => view.get({ gvk: kinds.canaryPolicy, namespace: plain, name }) !== undefined;

beforeAll(async () => {
  const cluster = await attach();
  await cluster.apply([...crds()]);
  await cluster.kubectl('wait', '--for=condition=Established', ...crds().map((crd) => `crd/${crd.metadata.name}`));
  api = apiOf(cluster);
  view = await clusterOf(api, webhookWatches(undefined));
  const options = { rules: webhookRules(view, sluice), clusterWide: true, others: [enabled, disabled, wide] } as const;
  const team = { 'example.com/team': id };
  await Promise.all(
    [
      [enabled, on],
      [disabled, { ...off, ...team }],
      [wide, team],
    ].map(([name, labels]) =>
      create(kinds.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
    ),
  );
  kit = await startAdmission(cluster, id, options);
  selections = keepSelections({
    cluster: view,
    configuration: id,
    policies: selecting,
    clock: systemClock,
    changed: () => undefined,
    failed: (error) => process.stderr.write(`${String(error)}\n`),
  });
  view.onChange(({ gvk }) => {
    if (gvk.kind.endsWith('CanaryPolicy')) selections.check();
  });
  const selector = { matchLabels: front };
  await Promise.all([
    create(kinds.canaryPolicy, policy('CanaryPolicy', 'named', { weights: [7] }), plain),
    create(kinds.canaryPolicy, policy('CanaryPolicy', 'front', { weights: [8], selector }), plain),
    create(kinds.canaryPolicy, policy('CanaryPolicy', 'front', { weights: [8], selector }), disabled),
    create(
      kinds.clusterCanaryPolicy,
      policy('ClusterCanaryPolicy', id, { weights: [9], namespaceSelector: { matchLabels: team } }),
    ),
  ]);
  await waitUntil('the webhook to know the policies', () => selecting().length === 3 && known('named'));
  await Promise.all(ways.map((way) => create(kinds.deployment, manifest(way), way.namespace)));
  await Promise.all(ways.map((way) => waitUntil(`${way.name} to be available`, () => available(way))));
  await Promise.all(optedIn.map((way) => waitUntil(`questions about ${way.name}`, () => asks(way))));
}, 180_000);

afterAll(async () => {
  await selections.stop();
  await api.request({
    method: 'DELETE',
    path: objectPath({ gvk: kinds.clusterCanaryPolicy, name: id }),
    what: 'delete the policy',
  });
  await Promise.all([enabled, disabled, wide].map((name) => view.remove({ gvk: kinds.namespace, name })));
  await kit.stop();
  await view.stop();
  api.close();
});

/** Pods are the expensive part: a few ways are enough to scale. */
const scaled = new Set(['annotated', 'selected', 'in-namespace', 'silent']);

/** Everything that happens to workloads all day. `n` makes each change a change. */
const unrelated = (way: Way, n: number): readonly Promise<JsonObject>[] => {
  const write = (body: object): Promise<JsonObject> => patch(kinds.deployment, way, body);
  return [
    write({ metadata: { labels: { 'example.com/team': `t${n}` } } }),
    write({ metadata: { annotations: { 'example.com/note': `n${n}` } } }),
    write({ metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"n":${n}}` } } }),
    write({ spec: { minReadySeconds: n % 2 } }),
    write({ spec: { revisionHistoryLimit: 5 + (n % 5) } }),
    write({ spec: { progressDeadlineSeconds: 600 + n } }),
    patch(kinds.deployment, way, { status: { collisionCount: n } }, { subresource: 'status' }),
    patch(
      kinds.deployment,
      way,
      { spec: { replicas: scaled.has(way.name) ? 1 + (n % 2) : 1 } },
      { subresource: 'scale' },
    ),
    write({ spec: { replicas: 1 } }),
  ];
};

/** Objects that are none of our business, and templates of workloads that have not asked. */
const besides = (n: number): readonly Promise<unknown>[] => {
  const named = (kind: string, spec: object): object => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: `other-${n}` },
    ...spec,
  });
  const configMaps: Gvk = { ...kinds.service, kind: 'ConfigMap', plural: 'configmaps' };
  return [
    ...unheard.map((way) => change(way, `unheard-${n}`)),
    ...[plain, enabled, wide].flatMap((namespace) => [
      create(kinds.service, named('Service', { spec: { ports: [{ port: 80 }] } }), namespace),
      create(configMaps, named('ConfigMap', { data: { a: 'b' } }), namespace),
    ]),
    ...[enabled, wide].map((namespace) =>
      create(kinds.deployment, manifest({ name: `new-${n}`, namespace, weight: undefined }, 0), namespace),
    ),
    api.request({
      method: 'PATCH',
      path: objectPath({ gvk: kinds.namespace, name: enabled }),
      what: 'label the namespace',
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'example.com/n': `n${n}` } } },
    }),
  ];
};

/** Passes everything, one change of a workload after the other, and says how many there were. */
const passAll = async (n: number): Promise<number> => {
  const perWay = await Promise.all(
    ways.map(async (way) => {
      let count = 0;
      for (const step of [2 * n, 2 * n + 1]) count += (await Promise.all(unrelated(way, step))).length;
      return count;
    }),
  );
  const others = await Promise.all(besides(n));
  return perWay.reduce((sum, count) => sum + count, others.length);
};

describe('what has nothing to do with a release', () => {
  it('passes without a question, and passes while no webhook answers', async () => {
    kit.seen();
    const passed = await passAll(1);
    expect(passed).toBeGreaterThanOrEqual(200);
    expect(kit.seen()).toEqual([]);
    expect(await kit.whileDown(() => passAll(2))).toBe(passed);
    expect(kit.seen()).toEqual([]);
  }, 120_000);
});

describe('while no webhook answers, a new template of a workload', () => {
  const outcome = (way: Way): Promise<string> =>
    change(way, 'down').then(
      () => 'passed',
      (error: unknown) => (String(error).includes('failed calling webhook') ? 'refused' : String(error)),
    );

  it('that is opted in is refused, however it is opted in; of others it passes', async () => {
    const outcomes = await kit.whileDown(() =>
      Promise.all([...optedIn, ...unheard].map(async (way) => [way.name, await outcome(way)] as const)),
    );
    expect(outcomes).toEqual([
      ...optedIn.map(({ name }) => [name, 'refused']),
      ...unheard.map(({ name }) => [name, 'passed']),
    ]);
  });
});

describe('a new template', () => {
  const changed = new Map<string, Deployment>();
  let seen: readonly string[] = [];

  beforeAll(async () => {
    await Promise.all(ways.map((way) => waitUntil(`${way.name} to be available`, () => available(way))));
    kit.seen();
    await Promise.all(
      ways.map(async (way) => changed.set(way.name, (await change(way, 'new')) as unknown as Deployment)),
    );
    seen = kit.seen();
  }, 180_000);

  test.each(optedIn.map((way) => [way.name, way] as const))('of %s is paused', (name) => {
    expect(changed.get(name)?.spec.paused).toBe(true);
    expect(changed.get(name)?.metadata.annotations).toHaveProperty(['sluice.dev/release']);
    expect(kit.asked(name).slice(-2)).toEqual(['mutate released', 'validate validated']);
  });

  test.each(optedOut.map((way) => [way.name, way] as const))('of %s is not', (name) => {
    expect(changed.get(name)?.spec.paused).toBeUndefined();
  });

  it('is asked about once by the mutating webhook, and not at all where nobody has opted in', () => {
    expect(seen.filter((row) => row === 'released')).toHaveLength(optedIn.length);
    for (const { name } of unheard) expect(kit.asked(name)).toEqual([]);
  });

  test.each(optedIn.map(({ name, namespace, weight }) => [name, namespace, weight] as const))(
    'of %s is released by its policy',
    (name, namespace, weight) => {
      const parsed = webhookRules(view, sluice).policyOf(
        view.get({ gvk: kinds.deployment, namespace, name }) as unknown as Deployment,
      );
      expect(parsed.ok && weightsOf(parsed.policy)[0]).toBe(weight);
    },
  );
});

describe('F13: a template that mounts a claim, where only the namespace opts in', () => {
  const way: Way = { name: 'mounting', namespace: enabled, weight: 1 };
  const claim = (name: string, mode: string): object => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: [mode], resources: { requests: { storage: '1Mi' } } },
  });
  const mounting = async (name: string): Promise<Deployment> => {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: name } }];
    const answer = await api.request({
      method: 'PATCH',
      path: objectPath({ gvk: kinds.deployment, namespace: way.namespace, name: way.name }),
      what: 'dry run',
      query: { dryRun: 'All' },
      contentType: 'application/merge-patch+json',
      body: { spec: { template: { spec: { volumes } } } },
    });
    return answer as unknown as Deployment;
  };

  beforeAll(async () => {
    await create(kinds.deployment, manifest(way), way.namespace);
    await create(kinds.claim, claim('shared', 'ReadWriteMany'), way.namespace);
    await create(kinds.claim, claim('single', 'ReadWriteOnce'), way.namespace);
    await waitUntil('the workload to be available', () => available(way));
    await waitUntil('the webhook to know the claims', () =>
      ['shared', 'single'].every((name) => view.get({ gvk: kinds.claim, namespace: enabled, name }) !== undefined),
    );
  }, 60_000);

  it.each([
    ['shared', true],
    ['single', undefined],
    ['not-there', undefined],
  ])('F13: of the claim %s, paused is %s', async (name, paused) => {
    expect((await mounting(name)).spec.paused).toBe(paused);
  });
});

describe('R4: a budget that cannot be copied for the canary', () => {
  const budget: Gvk = {
    ...kinds.deployment,
    group: 'policy',
    version: 'v1',
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
  };
  const way = ways.find(({ name }) => name === 'annotated')!;

  it('R4: is known to the webhook, which warns of it', async () => {
    const stored = await deployment(way);
    const { matchLabels } = stored.spec.selector;
    await create(
      budget,
      {
        apiVersion: 'policy/v1',
        kind: budget.kind,
        metadata: { name: 'two' },
        spec: { minAvailable: 2, selector: { matchLabels } },
      },
      plain,
    );
    const rules = webhookRules(view, sluice);
    const warnings = (): readonly string[] =>
      uncoveredWarnings(stored, { ...rules.policyOf(stored), splitBy: 'route' } as ParsedPolicy, rules);
    await waitUntil('the webhook to know the budget', () => warnings().length > 0);
    expect(warnings().join()).toContain('the canary runs without PodDisruptionBudget two');
  });
});

describe('opting out in the middle of a release', () => {
  const way = ways.find(({ name }) => name === 'in-namespace')!;
  const unlabel = { metadata: { labels: { 'sluice.dev/canary': null } } };

  it('by the namespace ends nothing by itself; the next change is native, and the one after is not asked about', async () => {
    const path = objectPath({ gvk: kinds.namespace, name: enabled });
    const contentType = 'application/merge-patch+json';
    await api.request({ method: 'PATCH', path, what: 'opt out', contentType, body: unlabel });
    const label = (): string | undefined =>
      view.get({ gvk: kinds.namespace, name: enabled })?.metadata.labels?.['sluice.dev/canary'];
    await waitUntil('the label to be gone', () => label() === undefined);
    kit.seen();
    await patch(kinds.deployment, way, { spec: { replicas: 2 } }, { subresource: 'scale' });
    expect([(await deployment(way)).spec.paused, kit.seen()]).toEqual([true, []]);
    const next = (await change(way, 'native')) as unknown as Deployment;
    expect(next.spec.paused).toBeUndefined();
    expect(Object.keys(next.metadata.annotations ?? {}).filter((key) => key.startsWith('sluice.dev/'))).toEqual([]);
    expect(kit.asked(way.name)).toContain('mutate opted-out');
    // Until then its controller may write an older copy, marks included: refused, but asked about.
    await waitUntil('the controller to have nothing more to write', () => available(way));
    kit.seen();
    await kit.whileDown(() => change(way, 'unseen'));
    expect(kit.seen()).toEqual([]);
  });

  it('by the policy that goes takes its entries along', async () => {
    expect(await Promise.all([kinds.mutatingWebhook, kinds.validatingWebhook].map(entries))).toEqual([2, 2]);
    await Promise.all(
      [plain, disabled].map((namespace) => view.remove({ gvk: kinds.canaryPolicy, namespace, name: 'front' })),
    );
    for (const gvk of [kinds.mutatingWebhook, kinds.validatingWebhook])
      await waitUntil('one entry less', async () => (await entries(gvk)) === 1);
    const selected = ways.find(({ name }) => name === 'selected')!;
    expect(((await change(selected, 'native')) as unknown as Deployment).spec.paused).toBeUndefined();
  });
});

describe('labels of ours', () => {
  const silent = ways.find(({ name }) => name === 'silent')!;
  it('that are misspelt are refused by name', async () => {
    const written = patch(kinds.deployment, silent, { metadata: { labels: { 'sluice.dev/canray': 'enabled' } } });
    await expect(written).rejects.toThrow('label sluice.dev/canray "enabled": is not a label Sluice knows');
  });

  // A chart may bring the policy after the workload: the warning (decide-opt-in.test.ts) says which one was meant.
  it('F11: of a policy that is not there are admitted', async () => {
    const written = patch(kinds.deployment, silent, { metadata: { labels: { 'sluice.dev/policy': 'namd' } } });
    await expect(written).resolves.toMatchObject({ metadata: { labels: { 'sluice.dev/policy': 'namd' } } });
    await patch(kinds.deployment, silent, { metadata: { labels: { 'sluice.dev/policy': null } } });
  });
});

describe('a policy with a selector that no selector can be', () => {
  test.each<[string, JsonObject, string]>([
    ['an operator without values', { matchExpressions: [{ key: 'a', operator: 'In' }] }, 'at least one value'],
    ['a key that is none', { matchLabels: { 'a b': 'c' } }, 'must be the key of a label'],
    ['an unknown field', { matchLabel: { a: 'b' } }, 'Did you mean matchLabels?'],
  ])('is refused: %s', async (_name, selector, words) => {
    const spec = { selector };
    await expect(create(kinds.canaryPolicy, policy('CanaryPolicy', 'wrong', spec), plain)).rejects.toThrow(words);
  });
});

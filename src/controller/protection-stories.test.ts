/** Stories of objects that protect the workload's pods by a label that canary pods do not have. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { namespace, refs, World, type WorldOptions } from '../../test/harness/world.ts';
import { protectingKinds } from '../core/protection/protecting-kinds.ts';
import { definitionOf } from '../memory/served-kinds.ts';
import { ClusterError } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import { isOurs, labels } from '../schema/names.ts';
import { apiVersionOf, type Gvk, type JsonObject, type KubeObject } from '../values/kube-object.ts';

let world: World;

afterEach(() => expect([world.bugs, world.requests.losses]).toEqual([[], []]));

const kindNamed = (kind: string, group: string): Gvk => {
  const found = protectingKinds.find(({ use: { gvk } }) => gvk.kind === kind && gvk.group === group);
  if (found === undefined) throw new Error(`${kind} is no kind that protects`);
  return found.use.gvk;
};

const networkPolicy = kindNamed('NetworkPolicy', 'networking.k8s.io');
const budget = kindNamed('PodDisruptionBudget', 'policy');
const authorization = kindNamed('AuthorizationPolicy', 'security.istio.io');
const cilium = kindNamed('CiliumNetworkPolicy', 'cilium.io');

const put = (gvk: Gvk, name: string, spec: JsonObject, at = namespace): KubeObject =>
  world.server.create({ apiVersion: apiVersionOf(gvk), kind: gvk.kind, metadata: { name, namespace: at }, spec }, gvk, {
    user: 'root',
  });
const install = (gvk: Gvk): void => void world.server.create(definitionOf(gvk), kinds.crd, { user: 'root' });
const companions = (gvk: Gvk, at = namespace): readonly KubeObject[] => world.server.list(gvk, at).filter(isOurs);
const web = { matchLabels: { app: 'web' } };
const uid = (): string => world.server.list(kinds.release, namespace).at(-1)?.metadata.uid ?? '';

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const over = (): Promise<void> =>
  world.until('the end', (w) => w.release()?.over === true && w.remains().length === 0 && w.rolledOut());

describe('R4: a canary is never less protected than stable', () => {
  it('has its companions before its first pod, as long as it lives, and they are gone with it', async () => {
    await begin();
    install(authorization);
    await world.settle();
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    put(networkPolicy, 'db', {
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: web }] }],
    });
    put(authorization, 'callers', { selector: web, action: 'ALLOW', rules: [{}] });
    const bare: string[] = [];
    world.server.subscribe(({ type, object }) => {
      const isCanary = object.kind === 'Pod' && object.metadata.labels?.[labels.arm] === 'canary';
      if (type === 'set' && isCanary && (companions(networkPolicy).length < 2 || companions(authorization).length < 1))
        bare.push(object.metadata.name);
    });
    world.applyVersion('v2');
    await atStep(1);
    const canary = { matchLabels: { [labels.releaseUid]: uid() } };
    expect(companions(networkPolicy).map(({ spec }) => spec?.['podSelector'])).toEqual([
      canary,
      { matchLabels: { app: 'db' } },
    ]);
    expect(companions(authorization).map(({ spec }) => spec?.['selector'])).toEqual([canary]);
    await over();
    expect([world.release()?.phase, bare]).toEqual(['Succeeded', []]);
    expect([...companions(networkPolicy), ...companions(authorization)]).toEqual([]);
    expect(world.server.list(networkPolicy, namespace).map(({ metadata: { name } }) => name)).toEqual([
      'web-only',
      'db',
    ]);
  });

  it('what comes, changes and goes in the middle is followed', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const ref = { gvk: networkPolicy, namespace, name: 'late' };
    put(networkPolicy, 'late', { podSelector: web, policyTypes: ['Ingress'] });
    await world.settle();
    expect(companions(networkPolicy)).toHaveLength(1);
    world.patch(ref, { spec: { policyTypes: ['Ingress', 'Egress'] } });
    await world.settle();
    expect(companions(networkPolicy).map(({ spec }) => spec?.['policyTypes'])).toEqual([['Ingress', 'Egress']]);
    world.remove(ref);
    await world.settle();
    expect(companions(networkPolicy)).toEqual([]);
    await over();
  });

  it('a policy of another namespace that lets the pods in lets the canary in', async () => {
    await begin();
    world.server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'data' } }, kinds.namespace, {
      user: 'root',
    });
    const peer = { podSelector: web, namespaceSelector: {} };
    put(networkPolicy, 'db', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [peer] }] }, 'data');
    world.applyVersion('v2');
    await atStep(1);
    expect(companions(networkPolicy, 'data').map(({ spec }) => spec?.['ingress'])).toEqual([
      [{ from: [{ ...peer, podSelector: { matchLabels: { [labels.releaseUid]: uid() } } }] }],
    ]);
    await over();
    expect(companions(networkPolicy, 'data')).toEqual([]);
  });

  it('what a release that is gone has left anywhere is taken away at the next start', async () => {
    await begin();
    world.server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'data' } }, kinds.namespace, {
      user: 'root',
    });
    world.kill();
    const own = { [labels.managedBy]: 'sluice', [labels.releaseUid]: 'gone' };
    world.webhook('away');
    const left = put(networkPolicy, 'left', { podSelector: web, policyTypes: ['Ingress'] }, 'data');
    world.server.replace({ ...left, metadata: { ...left.metadata, labels: own } }, networkPolicy, { user: 'root' });
    world.webhook('there');
    world.start();
    await world.settle();
    expect(companions(networkPolicy, 'data')).toEqual([]);
  });

  it('D4: where the Release is deleted in the middle, past the webhook, they outlive the canary and then go', async () => {
    await begin();
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    world.applyVersion('v2');
    await atStep(1);
    const first = uid();
    const isOfFirst = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.releaseUid] === first;
    const bare: string[] = [];
    world.server.subscribe(() => {
      const pods = world.server.list(kinds.pod, namespace).filter(isOfFirst);
      if (pods.length > 0 && !companions(networkPolicy).some(isOfFirst)) bare.push(...pods.map((p) => p.metadata.name));
    });
    world.webhook('away');
    world.remove({ gvk: kinds.release, namespace, name: world.release()?.name ?? '' });
    world.webhook('there');
    await world.until('it to be gone', () => !companions(networkPolicy).some(isOfFirst));
    expect([bare, world.server.list(kinds.deployment, namespace).filter(isOfFirst)]).toEqual([[], []]);
    await over();
  });

  it.each<[string, (w: World) => void]>([
    ['that fails', (w) => w.metrics.say('fail')],
    ['that is aborted', (w) => void w.applyVersion('v1')],
    ['that is superseded', (w) => void w.applyVersion('v3')],
  ])('nothing is left of a release %s', async (_how, act) => {
    await begin();
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    world.applyVersion('v2');
    await atStep(1);
    act(world);
    await world.until('the end', (w) => w.releases().at(0)?.over === true);
    const first = world.server.list(kinds.release, namespace).at(0)?.metadata.uid;
    expect(companions(networkPolicy).filter(({ metadata }) => metadata.labels?.[labels.releaseUid] === first)).toEqual(
      [],
    );
  });

  it('does not start while the rights for a companion are missing, and says which', async () => {
    await begin();
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    world.otherAdmission(({ object, operation }) =>
      operation === 'CREATE' && object?.kind === 'NetworkPolicy'
        ? new ClusterError('forbidden', 'networkpolicies.networking.k8s.io is forbidden: cannot create resource')
        : undefined,
    );
    world.applyVersion('v2');
    await world.until('the words', (w) => w.release()?.message.includes('networkpolicies') === true);
    expect(world.get(refs.canary)).toBeUndefined();
    world.otherAdmission(() => undefined);
    await over();
    expect(world.release()?.phase).toBe('Succeeded');
  });

  it('does not start beside a policy that cannot be copied, and says which and what to do', async () => {
    await begin();
    install(cilium);
    await world.settle();
    put(cilium, 'lock', { endpointSelector: web });
    const applied = world.clock.now();
    world.applyVersion('v2');
    await world.until('the words', (w) => w.release()?.message.includes('CiliumNetworkPolicy lock') === true);
    expect(world.clock.now() - applied).toBeLessThanOrEqual(1000);
    expect([world.release()?.phase, world.get(refs.canary)]).toEqual(['Pending', undefined]);
    expect(world.warnings.join('\n')).toContain(
      'the release does not start: CiliumNetworkPolicy lock: selects the pods',
    );
    world.remove({ gvk: cilium, namespace, name: 'lock' });
    await over();
    expect(world.release()?.phase).toBe('Succeeded');
  });

  it('F21: starts without a budget that cannot be copied, and says so', async () => {
    await begin();
    put(budget, 'two', { selector: web, minAvailable: 2 });
    world.applyVersion('v2');
    await atStep(1);
    expect(world.told()).toContain('CanaryUncovered');
    expect(world.warnings.join('\n')).toContain('the canary runs without PodDisruptionBudget two');
    const status = world.server.list(kinds.release, namespace).at(-1)?.status;
    expect(status?.uncovered).toMatchObject([{ kind: 'PodDisruptionBudget', name: 'two' }]);
    await over();
  });

  it('needs no companion where pods are the split: they keep all labels', async () => {
    await begin({ splitting: 'replicas' });
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    world.applyVersion('v2');
    await atStep(1);
    expect(companions(networkPolicy)).toEqual([]);
    await over();
  });
});

describe('R4: while a release ends', () => {
  it('its canary gets a companion of a policy that appears then, for as long as it is there', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.ask('abort');
    await world.until('its end to begin', (w) => w.release()?.phase === 'Withdrawing');
    put(networkPolicy, 'web-only', { podSelector: web, policyTypes: ['Ingress'] });
    await world.settle();
    expect([companions(networkPolicy).length, world.get(refs.canary)?.metadata.name]).toEqual([1, 'web-canary']);
    await over();
    expect(companions(networkPolicy)).toEqual([]);
  });
});

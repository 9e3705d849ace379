import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, KubeObject, Labels } from '../../values/kube-object.ts';
import { selects, type Selector } from '../../values/label-selector.ts';
import { objectsOf } from '../../values/json-values.ts';
import { selectorOf } from './selecting.ts';
import { blockingProblem, missedBy, protectionOf, type Protection, type ProtectingObjects } from './companions.ts';
import { protectingKinds } from './protecting-kinds.ts';
import type { ProtectedPods } from './subject.ts';

const identity = { 'sluice.dev/release-uid': '0123456789ab' };
const pods: ProtectedPods = {
  namespace: 'shop',
  namespaceLabels: { 'kubernetes.io/metadata.name': 'shop', team: 'a' },
  stable: { app: 'web', tier: 'front' },
  canary: { app: 'web-canary', tier: 'front', 'sluice.dev/arm': 'canary', ...identity },
  identity,
  services: {
    apex: { name: 'web', labels: { app: 'web' } },
    canary: { name: 'web-canary', labels: { 'sluice.dev/release': 'web-2' } },
  },
};
const owner = { workload: 'web', release: { name: 'web-2', uid: '0123456789ab' } };

const object = (apiVersion: string, kind: string, spec: JsonObject, at = 'one'): KubeObject => ({
  apiVersion,
  kind,
  metadata: at.includes('/')
    ? { name: at.split('/')[1] ?? '', namespace: at.split('/')[0] ?? '' }
    : { name: at, namespace: 'shop' },
  spec,
});

const all = (...objects: readonly KubeObject[]): ProtectingObjects =>
  protectingKinds.map((kind) => ({
    kind,
    objects: objects.filter(
      (one) => one.kind === kind.use.gvk.kind && one.apiVersion.startsWith(`${kind.use.gvk.group}/`),
    ),
  }));

const found = (...objects: readonly KubeObject[]): Protection => protectionOf(all(...objects), pods, owner);
const specs = (protection: Protection): readonly unknown[] => protection.companions.map(({ body }) => body.spec);

const policy = (spec: JsonObject, namespace = 'shop'): KubeObject =>
  object('networking.k8s.io/v1', 'NetworkPolicy', spec, `${namespace}/one`);
const web = { matchLabels: { app: 'web' } };
const canary = { matchLabels: identity };

describe('what selects stable and misses the canary gets a companion', () => {
  test.each<[string, KubeObject, JsonObject]>([
    [
      'R4: a NetworkPolicy that protects it',
      policy({ podSelector: web, policyTypes: ['Ingress'] }),
      { podSelector: canary, policyTypes: ['Ingress'] },
    ],
    [
      'R4: a NetworkPolicy of a database that lets it in',
      policy({
        podSelector: { matchLabels: { app: 'db' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { from: [{ podSelector: web }, { podSelector: { matchLabels: { app: 'job' } } }], ports: [{ port: 5432 }] },
        ],
        egress: [{}],
      }),
      {
        podSelector: { matchLabels: { app: 'db' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: canary }], ports: [{ port: 5432 }] }],
      },
    ],
    [
      'R4: an AuthorizationPolicy',
      object('security.istio.io/v1', 'AuthorizationPolicy', { selector: web, action: 'ALLOW', rules: [{}] }),
      { selector: canary, action: 'ALLOW', rules: [{}] },
    ],
    [
      'R4: an AuthorizationPolicy of the Service, for a waypoint',
      object('security.istio.io/v1', 'AuthorizationPolicy', {
        targetRefs: [{ group: '', kind: 'Service', name: 'web' }],
        rules: [{}],
      }),
      { targetRefs: [{ group: '', kind: 'Service', name: 'web-canary' }], rules: [{}] },
    ],
    [
      'R4: a RequestAuthentication',
      object('security.istio.io/v1', 'RequestAuthentication', { selector: web, jwtRules: [{ issuer: 'i' }] }),
      { selector: canary, jwtRules: [{ issuer: 'i' }] },
    ],
    [
      'R4: a PeerAuthentication of the mesh',
      object(
        'security.istio.io/v1',
        'PeerAuthentication',
        { selector: web, mtls: { mode: 'STRICT' } },
        'istio-system/one',
      ),
      { selector: canary, mtls: { mode: 'STRICT' } },
    ],
    [
      'a Sidecar that limits where it may call',
      object('networking.istio.io/v1', 'Sidecar', { workloadSelector: { labels: { app: 'web' } }, egress: [] }),
      { workloadSelector: { labels: identity }, egress: [] },
    ],
    [
      'F21: a PodMonitor',
      object('monitoring.coreos.com/v1', 'PodMonitor', { selector: web, podMetricsEndpoints: [{ port: 'http' }] }),
      { selector: canary, podMetricsEndpoints: [{ port: 'http' }] },
    ],
    [
      'F21: a ServiceMonitor',
      object('monitoring.coreos.com/v1', 'ServiceMonitor', { selector: web, endpoints: [{ port: 'http' }] }),
      { selector: { matchLabels: { 'sluice.dev/release': 'web-2' } }, endpoints: [{ port: 'http' }] },
    ],
    [
      'F21: a PodDisruptionBudget in percent',
      object('policy/v1', 'PodDisruptionBudget', { selector: web, minAvailable: '50%' }),
      { selector: canary, minAvailable: '50%' },
    ],
  ])('%s', (_case, source, spec) => {
    const protection = found(source);
    expect(specs(protection)).toEqual([spec]);
    expect(protection.companions[0]?.body).toMatchObject({
      apiVersion: source.apiVersion,
      kind: source.kind,
      metadata: {
        name: expect.stringMatching(/^one-canary-01234567/),
        namespace: source.metadata.namespace,
        labels: { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'web-2' },
      },
    });
    expect([protection.blocking, protection.uncovered]).toEqual([[], []]);
  });

  it('whatever names a Server of Linkerd names the companion', () => {
    const at = { group: 'policy.linkerd.io', kind: 'Server', name: 'http' };
    const protection = found(
      object('policy.linkerd.io/v1beta3', 'Server', { podSelector: web, port: 'http' }, 'http'),
      object('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy', { targetRef: at, requiredAuthenticationRefs: [] }),
      object('policy.linkerd.io/v1beta1', 'ServerAuthorization', { server: { name: 'http' }, client: {} }),
      object('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy', { targetRef: { ...at, name: 'other' } }, 'two'),
    );
    const name = 'http-canary-01234567';
    expect(protection.companions.map(({ body }) => [body.kind, body.metadata.name, body.spec])).toEqual([
      ['Server', name, { podSelector: canary, port: 'http' }],
      ['AuthorizationPolicy', 'one-canary-01234567', { targetRef: { ...at, name }, requiredAuthenticationRefs: [] }],
      ['ServerAuthorization', 'one-canary-01234567', { server: { name }, client: {} }],
    ]);
  });

  it('keeps the labels by which an operator finds monitors, and none by which a tool tracks what it applied', () => {
    const source = object('monitoring.coreos.com/v1', 'PodMonitor', { selector: web });
    const tracked = {
      release: 'prometheus',
      'app.kubernetes.io/instance': 'shop',
      'app.kubernetes.io/managed-by': 'Helm',
      'kustomize.toolkit.fluxcd.io/name': 'shop',
    };
    const [companion] = found({ ...source, metadata: { ...source.metadata, labels: tracked } }).companions;
    expect(companion?.body.metadata.labels).toEqual({
      release: 'prometheus',
      'app.kubernetes.io/managed-by': 'sluice',
      'sluice.dev/release': 'web-2',
      'sluice.dev/release-uid': '0123456789ab',
    });
  });
});

describe('what covers the canary anyway is left alone', () => {
  test.each<[string, KubeObject]>([
    ['a NetworkPolicy of the whole namespace', policy({ podSelector: {}, policyTypes: ['Ingress'] })],
    ['one by a label that stays', policy({ podSelector: { matchLabels: { tier: 'front' } } })],
    ['one of other pods', policy({ podSelector: { matchLabels: { app: 'db' } } })],
    ['one of the same labels in another namespace', policy({ podSelector: web }, 'elsewhere')],
    ['a PeerAuthentication of the namespace', object('security.istio.io/v1', 'PeerAuthentication', { mtls: {} })],
    [
      'an AuthorizationPolicy of another Service',
      object('security.istio.io/v1', 'AuthorizationPolicy', { targetRefs: [{ kind: 'Service', name: 'db' }] }),
    ],
    [
      'a ServiceMonitor of another namespace',
      object('monitoring.coreos.com/v1', 'ServiceMonitor', {
        selector: web,
        namespaceSelector: { matchNames: ['elsewhere'] },
      }),
    ],
    [
      "a companion of somebody else's canary",
      {
        ...policy({ podSelector: web }),
        metadata: { name: 'x', namespace: 'shop', labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
      },
    ],
    [
      'one without a spec',
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'x', namespace: 'shop' } },
    ],
  ])('%s', (_case, source) => expect(found(source)).toEqual({ companions: [], blocking: [], uncovered: [] }));
});

describe('what cannot be copied', () => {
  it('R4: keeps the release from starting where it is about security', () => {
    const { blocking } = found(
      object(
        'cilium.io/v2',
        'CiliumNetworkPolicy',
        { endpointSelector: { matchLabels: { 'k8s:app': 'web' } } },
        'lock',
      ),
    );
    expect(blocking.map(blockingProblem)).toMatchObject([
      { field: 'CiliumNetworkPolicy lock', todo: expect.stringMatching(/\.$/) },
    ]);
  });

  it('is told where it is about care', () => {
    const { blocking, uncovered } = found(
      object('policy/v1', 'PodDisruptionBudget', { selector: web, minAvailable: 2 }, 'budget'),
    );
    expect(blocking).toEqual([]);
    expect(uncovered).toMatchObject([{ kind: 'PodDisruptionBudget', name: 'budget' }]);
  });
});

describe('how much a choice of label would miss', () => {
  it('counts security before care', () => {
    const objects = all(
      policy({ podSelector: web }),
      object('monitoring.coreos.com/v1', 'PodMonitor', { selector: web }),
    );
    expect(missedBy(objects, pods)).toEqual([1, 1]);
    expect(missedBy(objects, { ...pods, canary: { ...pods.stable, tier: 'front-canary' } })).toEqual([0, 0]);
  });
});

// --- NetworkPolicies by what they mean ---

type Pod = { readonly namespace: string; readonly labels: Labels };

const namespaces: Readonly<Record<string, Labels>> = { shop: pods.namespaceLabels, other: { team: 'b' } };

const isPeer = (peer: JsonObject, home: string, pod: Pod): boolean =>
  (peer['namespaceSelector'] === undefined
    ? pod.namespace === home
    : selects(selectorOf(peer['namespaceSelector']), namespaces[pod.namespace])) &&
  (peer['podSelector'] === undefined || selects(selectorOf(peer['podSelector']), pod.labels));

const side = (policies: readonly KubeObject[], type: 'Ingress' | 'Egress', own: Pod, other: Pod): boolean => {
  const [rules, peers] = type === 'Ingress' ? (['ingress', 'from'] as const) : (['egress', 'to'] as const);
  const about = policies.filter(
    ({ metadata, spec = {} }) =>
      metadata.namespace === own.namespace &&
      selects(selectorOf(spec['podSelector']), own.labels) &&
      (spec['policyTypes'] as readonly string[]).includes(type),
  );
  if (about.length === 0) return true;
  return about.some(({ metadata, spec = {} }) =>
    objectsOf(spec[rules]).some((rule) => {
      const list = objectsOf(rule[peers]);
      return list.length === 0 || list.some((peer) => isPeer(peer, metadata.namespace ?? '', other));
    }),
  );
};

const allowed = (policies: readonly KubeObject[], from: Pod, to: Pod): boolean =>
  side(policies, 'Egress', from, to) && side(policies, 'Ingress', to, from);

const someSelector: fc.Arbitrary<Selector> = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: fc.record({ app: fc.constantFrom('web', 'db') }) }),
  fc.record({ matchLabels: fc.record({ tier: fc.constantFrom('front', 'back') }) }),
  fc.record({
    matchExpressions: fc.tuple(
      fc.record({ key: fc.constant('app'), operator: fc.constant('In' as const), values: fc.constant(['web', 'x']) }),
    ),
  }),
);
const somePeer = fc.record(
  { podSelector: someSelector, namespaceSelector: fc.constantFrom({}, { matchLabels: { team: 'a' } }) },
  { requiredKeys: [] },
);
const someRules = (peers: string) =>
  fc.array(fc.record({ [peers]: fc.array(somePeer, { maxLength: 2 }) }, { requiredKeys: [] }), { maxLength: 2 });
const somePolicy: fc.Arbitrary<KubeObject> = fc
  .record({
    namespace: fc.constantFrom('shop', 'other'),
    spec: fc.record({
      podSelector: someSelector,
      policyTypes: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }),
      ingress: someRules('from'),
      egress: someRules('to'),
    }),
  })
  .map(({ namespace, spec }) => policy(spec as unknown as JsonObject, namespace));

describe('with companions the NetworkPolicies mean the same for the canary as for stable', () => {
  const stable: Pod = { namespace: 'shop', labels: pods.stable };
  const twin: Pod = { namespace: 'shop', labels: pods.canary };
  const others: readonly Pod[] = [
    { namespace: 'shop', labels: { app: 'db', tier: 'back' } },
    { namespace: 'other', labels: { app: 'web', tier: 'front' } },
    { namespace: 'other', labels: { app: 'db' } },
  ];

  it('and nothing changes for anybody else', () => {
    fc.assert(
      fc.property(fc.array(somePolicy, { maxLength: 4 }), (policies) => {
        const after = [...policies, ...found(...policies).companions.map(({ body }) => body)];
        for (const other of others) {
          expect(allowed(after, twin, other)).toBe(allowed(policies, stable, other));
          expect(allowed(after, other, twin)).toBe(allowed(policies, other, stable));
          expect(allowed(after, stable, other)).toBe(allowed(policies, stable, other));
          for (const another of others) expect(allowed(after, other, another)).toBe(allowed(policies, other, another));
        }
        for (const [a, b] of [
          [twin, stable],
          [stable, twin],
          [twin, twin],
        ] as const)
          expect(allowed(after, a, b)).toBe(allowed(policies, stable, stable));
      }),
      { numRuns: 500 },
    );
  });
});

import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject, Labels } from '../../values/kube-object.ts';
import { isSwitchedOff, optInOf, selectingPolicy, type OptInInput, type SelectingPolicy } from './opt-in.ts';

const canary = (value: string): Labels => ({ 'sluice.dev/canary': value });
const names = (value: string): Labels => ({ 'sluice.dev/policy': value });
const policy = (
  kind: SelectingPolicy['kind'],
  name: string,
  more: Partial<Omit<SelectingPolicy, 'kind' | 'name'>> = {},
): SelectingPolicy => ({
  kind,
  name,
  createdAt: '2026-01-02T00:00:00Z',
  selector: {},
  namespaceSelector: {},
  ...more,
});
const own = policy('CanaryPolicy', 'own');
const wide = policy('ClusterCanaryPolicy', 'wide');
const [on, off] = [canary('enabled'), canary('disabled')];

/** Who is asked, the closest first, and how each says yes and, where it can, no. */
const order: readonly (readonly [because: string, yes: OptInInput, no: OptInInput | undefined])[] = [
  ['annotation', { annotations: on }, { annotations: off }],
  ['label', { labels: on }, { labels: off }],
  ['named-policy', { annotations: names('careful') }, undefined],
  ['named-policy', { labels: names('careful') }, undefined],
  ['CanaryPolicy', { policies: [own] }, undefined],
  ['namespace', { namespaceLabels: on }, { namespaceLabels: off }],
  ['ClusterCanaryPolicy', { policies: [wide] }, undefined],
];
const both = (a: OptInInput, b: OptInInput): OptInInput => ({
  annotations: { ...b.annotations, ...a.annotations },
  labels: { ...b.labels, ...a.labels },
  namespaceLabels: { ...b.namespaceLabels, ...a.namespaceLabels },
  policies: [...(a.policies ?? []), ...(b.policies ?? [])],
});
const decided = (input: OptInInput): readonly [boolean, string] => {
  const { optedIn, because } = optInOf(input);
  return [optedIn, because];
};

describe('F14: a workload of a namespace that nothing works without', () => {
  it.each(['kube-system', 'kube-public', 'kube-node-lease', 'istio-system', 'sluice-here'])(
    'F14: is never opted in, whoever asks: %s',
    (namespace) => {
      for (const [, yes] of order)
        expect(decided({ ...yes, namespace, ownNamespace: 'sluice-here' })).toEqual([false, 'system-namespace']);
      expect(decided({ namespace })).toEqual([false, 'nothing']);
      expect(decided({ annotations: off, namespace })).toEqual([false, 'annotation']);
    },
  );
});

describe('a workload', () => {
  it('of which nobody says anything is not opted in', () => {
    expect(optInOf({})).toEqual({ optedIn: false, because: 'nothing', passedOver: [] });
  });

  test.each(order)('is opted in by %s alone', (because, yes) => expect(decided(yes)).toEqual([true, because]));

  const pairs = order.flatMap(([closer, yes, no], i) =>
    order.slice(i + 1).flatMap(([farther, otherYes, otherNo]) => {
      const cases: (readonly [string, OptInInput, readonly [boolean, string]])[] = [
        [`${closer} and ${farther} say yes`, both(yes, otherYes), [true, closer]],
      ];
      if (no !== undefined) cases.push([`${closer} says no, ${farther} yes`, both(no, otherYes), [false, closer]]);
      if (otherNo !== undefined) cases.push([`${closer} says yes, ${farther} no`, both(yes, otherNo), [true, closer]]);
      return cases;
    }),
  );
  test.each(pairs)('%s: %j', (_name, input, expected) => expect(decided(input)).toEqual(expected));

  test.each<[string, OptInInput, readonly [boolean, string]]>([
    ['a text that is neither', { annotations: canary('true'), labels: on }, [true, 'label']],
    ['an empty label', { labels: canary(''), namespaceLabels: on }, [true, 'namespace']],
    ['an empty name', { annotations: names(' '), policies: [wide] }, [true, 'ClusterCanaryPolicy']],
    ['another annotation', { annotations: { 'sluice.dev/steps': '5' } }, [false, 'nothing']],
    ['a policy that the namespace names without opting in', { namespaceLabels: names('careful') }, [false, 'nothing']],
  ])('%s says nothing', (_name, input, expected) => expect(decided(input)).toEqual(expected));

  it('that opts out itself is told from one that is opted out by its namespace', () => {
    const outs = [{ annotations: off }, { labels: off }, { namespaceLabels: off }, {}].map(optInOf);
    expect(outs.map(isSwitchedOff)).toEqual([true, true, false, false]);
  });
});

describe('the policy that applies', () => {
  const applies = (input: OptInInput): string | undefined => optInOf(input).policy?.name;

  /** Who names a policy, or is one, the closest first. */
  const said: readonly (readonly [name: string, input: OptInInput])[] = [
    ['annotated', { annotations: names('annotated') }],
    ['labelled', { labels: names('labelled') }],
    ['own', { policies: [own] }],
    ['of-the-namespace', { namespaceLabels: names('of-the-namespace') }],
    ['wide', { policies: [wide] }],
  ];
  const pairs = said.flatMap(([name, input], i) =>
    said.slice(i + 1).map(([other, otherInput]) => [name, other, both(input, otherInput)] as const),
  );
  test.each(pairs)('is %s rather than %s, whoever opts in', (name, _other, input) => {
    for (const way of [{ annotations: on }, { labels: on }, { namespaceLabels: on }])
      expect(applies(both(input, way))).toBe(name);
  });

  it('is none where the opt-in stands alone, and none for a workload that is opted out', () => {
    expect(applies({ annotations: on })).toBeUndefined();
    expect(applies({ annotations: { ...off, ...names('careful') }, policies: [own] })).toBeUndefined();
  });

  it('says where its name is written', () => {
    const places = said.map(([, input]) => optInOf(both(input, { annotations: on })).policy?.writtenAt);
    expect(places).toEqual([
      'sluice.dev/policy',
      'label sluice.dev/policy',
      undefined,
      'label sluice.dev/policy of the namespace',
      undefined,
    ]);
  });

  it('is the oldest of several that select the workload, then the first by name, and the others are told', () => {
    const policies = [
      policy('CanaryPolicy', 'c', { createdAt: '2026-01-03T00:00:00Z' }),
      policy('CanaryPolicy', 'b'),
      policy('CanaryPolicy', 'a'),
      policy('CanaryPolicy', 'z', { selector: { matchLabels: { app: 'api' } } }),
      wide,
    ];
    expect(optInOf({ policies, labels: { app: 'web' } })).toEqual({
      optedIn: true,
      because: 'CanaryPolicy',
      policy: { name: 'a', kind: 'CanaryPolicy' },
      passedOver: ['CanaryPolicy/b', 'CanaryPolicy/c'],
    });
  });

  it('tells of no others where one is named', () => {
    expect(optInOf({ annotations: names('a'), policies: [own, policy('CanaryPolicy', 'b')] }).passedOver).toEqual([]);
  });
});

describe('selectors', () => {
  const labels = { app: 'web', tier: 'front' };
  test.each<[Partial<SelectingPolicy>, boolean]>([
    [{ selector: { matchLabels: { app: 'web' } } }, true],
    [{ selector: { matchLabels: { app: 'web', tier: 'back' } } }, false],
    [{ selector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] } }, false],
    [{ namespaceSelector: { matchLabels: { env: 'prod' } } }, true],
    [{ namespaceSelector: { matchLabels: { env: 'test' } } }, false],
    [{ selector: { matchLabels: { app: 'web' } }, namespaceSelector: { matchLabels: { env: 'test' } } }, false],
  ])('%j: %s', (selectors, expected) => {
    const input = { labels, namespaceLabels: { env: 'prod' }, policies: [{ ...wide, ...selectors }] };
    expect(optInOf(input).optedIn).toBe(expected);
  });

  const object = (kind: string, spec: KubeObject['spec']): KubeObject => ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind,
    metadata: { name: 'a', ...(kind === 'CanaryPolicy' ? { namespace: 'shop' } : {}) },
    ...(spec === undefined ? {} : { spec }),
  });

  test.each<[string, KubeObject, Partial<SelectingPolicy> | undefined]>([
    ['none', object('CanaryPolicy', { weights: [5] }), undefined],
    ['no spec', object('CanaryPolicy', undefined), undefined],
    ['nulls', object('ClusterCanaryPolicy', { selector: null, namespaceSelector: null }), undefined],
    ['an empty one', object('CanaryPolicy', { selector: {} }), { selector: {}, namespace: 'shop' }],
    ['namespaces alone', object('ClusterCanaryPolicy', { namespaceSelector: {} }), { namespaceSelector: {} }],
    ['namespaces of a CanaryPolicy', object('CanaryPolicy', { selector: {}, namespaceSelector: {} }), undefined],
    [
      'In without values',
      object('CanaryPolicy', { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      undefined,
    ],
    ['a text', object('CanaryPolicy', { selector: 'app=web' }), undefined],
    ['a key that is none', object('CanaryPolicy', { selector: { matchLabels: { '-': 'a' } } }), undefined],
  ])('of a policy are read: %s', (_name, policyObject, expected) => {
    const read = selectingPolicy(policyObject);
    if (expected === undefined) expect(read).toBeUndefined();
    else expect(read).toMatchObject(expected);
  });
});

describe('whatever is written', () => {
  const text = fc.constantFrom('enabled', 'disabled', 'true', '', ' enabled ');
  const map = fc.record(
    { 'sluice.dev/canary': text, 'sluice.dev/policy': fc.constantFrom('a', '', ' ') },
    { requiredKeys: [] },
  );
  const policies = fc.array(
    fc.record({
      kind: fc.constantFrom('CanaryPolicy' as const, 'ClusterCanaryPolicy' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      selector: fc.constantFrom({}, { matchLabels: { app: 'web' } }, { matchLabels: { app: 'api' } }),
      namespaceSelector: fc.constantFrom({}, { matchLabels: { env: 'prod' } }),
    }),
    { maxLength: 4 },
  );
  const input = fc.record({
    annotations: map,
    labels: map.map((labels) => ({ app: 'web', ...labels })),
    namespaceLabels: map,
    policies,
  });

  it('the order of policies does not matter, and no policy applies to a workload that is not opted in', () => {
    fc.assert(
      fc.property(input, (given) => {
        const one = optInOf(given);
        const distinct = new Set(given.policies.map(({ kind, name }) => kind + name)).size === given.policies.length;
        if (distinct) expect(optInOf({ ...given, policies: [...given.policies].reverse() })).toEqual(one);
        if (!one.optedIn) expect(one.policy).toBeUndefined();
      }),
    );
  });

  it('what the workload says itself stands, whatever is said farther away', () => {
    fc.assert(
      fc.property(input, fc.constantFrom('enabled', 'disabled'), (given, word) => {
        const { optedIn, because } = optInOf({ ...given, annotations: { ...given.annotations, ...canary(word) } });
        expect([optedIn, because]).toEqual([word === 'enabled', 'annotation']);
      }),
    );
  });
});

import { systemNamespaces } from '../schema/names.ts';
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { webhookConfigurations, type WebhookOptions } from './webhooks.ts';
import type { JsonObject } from '../values/kube-object.ts';
import type { Selector } from '../values/label-selector.ts';
import type { SelectingPolicy } from '../core/policy/opt-in.ts';
import { isSelected, withSelections } from './selections.ts';

const options: WebhookOptions = {
  name: 'sluice',
  clientConfig: { service: { name: 'sluice-webhook', namespace: 'sluice-system' } },
  sluiceUsers: ['system:serviceaccount:sluice-system:sluice'],
  providerKinds: [],
  failurePolicy: 'Ignore',
};
const [mutating, validating] = webhookConfigurations(options).map(({ webhooks }) => webhooks);
const chart = mutating ?? [];
const named = (webhooks: readonly JsonObject[], name: string): JsonObject =>
  webhooks.find((webhook) => webhook['name'] === `${name}.sluice.dev`)!;

const own = (namespace: string, selector: SelectingPolicy['selector'] = { matchLabels: { app: 'web' } }) =>
  ({ kind: 'CanaryPolicy', name: 'a', namespace, createdAt: '', selector, namespaceSelector: {} }) as const;
const wide = (more: Partial<SelectingPolicy> = {}): SelectingPolicy => ({
  kind: 'ClusterCanaryPolicy',
  name: 'a',
  createdAt: '',
  selector: {},
  namespaceSelector: {},
  ...more,
});
const selected = (
  policies: readonly SelectingPolicy[],
  webhooks: readonly JsonObject[] = chart,
): readonly JsonObject[] => (withSelections(webhooks, policies) ?? webhooks).filter(isSelected);

const metadataName = 'kubernetes.io/metadata.name';
const notKubeSystem = { key: metadataName, operator: 'NotIn', values: systemNamespaces };
const notOn = { key: 'sluice.dev/canary', operator: 'NotIn', values: ['enabled'] };
const noWord = { key: 'sluice.dev/canary', operator: 'NotIn', values: ['enabled', 'disabled'] };

describe('the entries for what policies select', () => {
  it('are none without a policy that selects', () => {
    expect(withSelections(chart, [])).toBeUndefined();
  });

  it.each([chart, validating ?? []])(
    'differ from the entry for opted-in namespaces in their selectors alone',
    (...w) => {
      const source = named(w, 'opted-in-namespaces');
      const [entry] = selected([own('shop')], w);
      const selectors = { name: 0, objectSelector: 0, namespaceSelector: 0 };
      expect({ ...entry, ...selectors }).toEqual({ ...source, ...selectors });
    },
  );

  test.each<[string, SelectingPolicy, JsonObject, readonly JsonObject[]]>([
    [
      'of a namespace',
      own('shop'),
      { matchLabels: { app: 'web' } },
      [notKubeSystem, { key: metadataName, operator: 'In', values: ['shop'] }, notOn],
    ],
    ['of every namespace', wide(), {}, [notKubeSystem, noWord]],
    [
      'of namespaces by their labels',
      wide({
        selector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
        namespaceSelector: {
          matchLabels: { env: 'prod' },
          matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['x'] }],
        },
      }),
      { matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
      [
        notKubeSystem,
        { key: 'env', operator: 'In', values: ['prod'] },
        { key: 'team', operator: 'NotIn', values: ['x'] },
        noWord,
      ],
    ],
  ])('%s', (_name, policy, objectSelector, matchExpressions) => {
    const [entry] = selected([policy]);
    expect(entry?.['name']).toMatch(/^policy-[0-9a-f]{10}\.selected\.sluice\.dev$/);
    expect(entry).toMatchObject({ objectSelector, namespaceSelector: { matchExpressions } });
  });

  it('are one for the namespaces that select alike, under a name that stays', () => {
    const [one, both] = [selected([own('shop')]), selected([own('shop'), own('bank'), own('shop')])];
    expect([one.length, both.length, both[0]?.['name']]).toEqual([1, 1, one[0]?.['name']]);
    expect(both[0]).toMatchObject({
      namespaceSelector: { matchExpressions: [notKubeSystem, { values: ['bank', 'shop'] }, notOn] },
    });
  });

  it('ask about no more namespaces than the installation does', () => {
    const [inShop] = webhookConfigurations({ ...options, namespace: 'shop' });
    expect(selected([wide()], inShop.webhooks)[0]).toMatchObject({
      namespaceSelector: {
        matchExpressions: [{ key: metadataName, operator: 'In', values: ['shop'] }, notKubeSystem, noWord],
      },
    });
  });

  it('go with their policies, and leave everybody elses alone', () => {
    const others = { name: 'other.example.com', rules: [] };
    const before = withSelections([...chart, others], [own('shop'), wide()])!;
    expect(before.slice(0, chart.length + 1)).toEqual([...chart, others]);
    expect(withSelections(before, [])).toEqual([...chart, others]);
  });

  it('follow the entry they are made from', () => {
    const before = withSelections(chart, [own('shop')])!;
    const upgraded = before.map((webhook) => (isSelected(webhook) ? webhook : { ...webhook, failurePolicy: 'Fail' }));
    expect(selected([own('shop')], upgraded)[0]?.['failurePolicy']).toBe('Fail');
  });

  it('are none where the entry they are made from is missing', () => {
    expect(withSelections([{ name: 'deployments.sluice.dev' }], [wide()])).toBeUndefined();
  });

  const by = (i: number, values: readonly string[] = []): Selector => ({
    matchExpressions: [{ key: `k${i}`, operator: 'NotIn', values: ['x', ...values] }],
  });
  const list = <T>(length: number, make: (i: number) => T): readonly T[] => Array.from({ length }, (_, i) => make(i));
  const namesOf = (policies: readonly SelectingPolicy[]): readonly unknown[] =>
    selected(policies).map(({ name }) => (name as string).replace(/-[0-9a-f]{10}\./, '-….'));

  it('are one for all namespaces with policies of their own when there are too many', () => {
    const many = list(101, (i) => own(i < 50 ? 'shop' : 'bank', by(i)));
    expect(selected(many.slice(1))).toHaveLength(100);
    expect(namesOf([...many, wide()])).toEqual([
      'policy-namespaces.selected.sluice.dev',
      'policy-….selected.sluice.dev',
    ]);
    const [entry] = selected(many);
    expect(entry).toMatchObject({
      objectSelector: {},
      namespaceSelector: {
        matchExpressions: [notKubeSystem, { key: metadataName, operator: 'In', values: ['bank', 'shop'] }, notOn],
      },
    });
  });

  it('are one for everything when those of the cluster are too many', () => {
    const many = list(101, (i) => wide({ name: `p${i}`, selector: by(i) }));
    expect(namesOf(many)).toEqual(['policy-any.selected.sluice.dev']);
    expect(namesOf([...many, own('shop')])).toEqual(['policy-any.selected.sluice.dev']);
    // With one fewer, the other one fits.
    expect(selected([...many.slice(2), own('shop')])).toHaveLength(100);
  });

  it('are coarser, too, where they would be larger than what can be stored', () => {
    const long = list(40, (i) => `${'v'.repeat(55)}${i}`);
    expect(selected(list(20, (i) => own('shop', by(i, long))))).toHaveLength(20);
    const huge = list(60, (i) =>
      own(
        'shop',
        by(
          i,
          list(300, (j) => `${'v'.repeat(55)}${j}`),
        ),
      ),
    );
    expect(namesOf(huge)).toEqual(['policy-namespaces.selected.sluice.dev']);
  });

  it('are the same whoever makes them, in whatever order, and once made they stay', () => {
    const policies = fc.array(
      fc.constantFrom<SelectingPolicy>(own('shop'), own('bank'), own('shop', {}), wide(), wide({ name: 'b' })),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(policies, policies, (earlier, now) => {
        const before = withSelections(chart, earlier) ?? chart;
        const after = withSelections(before, now) ?? before;
        expect(after).toEqual(withSelections(chart, [...now].reverse()) ?? chart);
        expect(withSelections(after, now)).toBeUndefined();
      }),
    );
  });
});

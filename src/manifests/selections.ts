/**
 * Entries of the webhook configurations for the workloads that policies select: made from the entry for opted-in
 * namespaces, which knows how to reach the webhook and what to ask about, with the policies' selectors in the place of
 * its own. The API server does the selecting.
 */
import { createHash } from 'node:crypto';
import { optInLabels } from '../schema/annotations.ts';
import { group } from '../schema/names.ts';
import type { PolicyKind } from '../schema/selecting-policy.ts';
import { namespaceName, optedInNamespacesName } from './webhooks.ts';
import type { JsonObject } from '../values/kube-object.ts';
import type { Requirement, Selector } from '../values/label-selector.ts';
import type { SelectingPolicy } from '../core/policy/opt-in.ts';
import { canonicalJson } from '../core/template/canonical-json.ts';

const suffix = `.selected.${group}`;
const source = `${optedInNamespacesName}.${group}`;
const digits = 10;
/** With more, a configuration would come near what etcd stores of one object (1.5 MiB, with what is noted down of its fields). */
const mostEntries = 100;
const mostText = 700_000;

type Selection = { readonly name: string; readonly objects: Selector; readonly namespaces: Selector };

/** Workloads in these namespaces are asked about anyway, or the namespace has the closer word. */
const decidedByNamespace: Readonly<Record<PolicyKind, readonly string[]>> = {
  CanaryPolicy: ['enabled'],
  ClusterCanaryPolicy: ['enabled', 'disabled'],
};

const undecided = (kind: PolicyKind): Requirement => ({
  key: optInLabels.canary,
  operator: 'NotIn',
  values: decidedByNamespace[kind],
});

const namespacesOf = (policies: readonly SelectingPolicy[]): readonly string[] =>
  [...new Set(policies.map(({ namespace = '' }) => namespace))].sort();

/** Of policies that are alike but for the namespace of a CanaryPolicy. */
const selectionOf = (key: string, policies: readonly [SelectingPolicy, ...SelectingPolicy[]]): Selection => {
  const [{ kind, selector, namespaceSelector }] = policies;
  const { matchExpressions = [], ...labels } = namespaceSelector;
  const own: readonly Requirement[] =
    kind === 'CanaryPolicy' ? [{ key: namespaceName, operator: 'In', values: namespacesOf(policies) }] : [];
  return {
    name: `policy-${createHash('sha256').update(key).digest('hex').slice(0, digits)}${suffix}`,
    objects: selector,
    namespaces: { ...labels, matchExpressions: [...matchExpressions, ...own, undecided(kind)] },
  };
};

const keyOf = ({ kind, selector, namespaceSelector }: SelectingPolicy): string =>
  canonicalJson({ kind, selector, namespaceSelector });

const byTheirSelectors = (policies: readonly SelectingPolicy[]): readonly Selection[] =>
  [...Map.groupBy(policies, keyOf)]
    .map(([key, some]) => selectionOf(key, some as [SelectingPolicy, ...SelectingPolicy[]]))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const isOfANamespace = ({ kind }: SelectingPolicy): boolean => kind === 'CanaryPolicy';

/** One for everything in the namespaces that have policies of their own, and those of the cluster by their selectors. */
const byNamespace = (policies: readonly SelectingPolicy[]): readonly Selection[] => {
  const own: readonly Requirement[] = [
    { key: namespaceName, operator: 'In', values: namespacesOf(policies.filter(isOfANamespace)) },
  ];
  return [
    {
      name: `policy-namespaces${suffix}`,
      objects: {},
      namespaces: { matchExpressions: [...own, undecided('CanaryPolicy')] },
    },
    ...byTheirSelectors(policies.filter((policy) => !isOfANamespace(policy))),
  ];
};

const anything: Selection = {
  name: `policy-any${suffix}`,
  objects: {},
  namespaces: { matchExpressions: [undecided('CanaryPolicy')] },
};

/** From the finest on: the coarser ones ask about more than selects, and are answered the same. */
const waysToAsk = (policies: readonly SelectingPolicy[]): readonly (readonly Selection[])[] => [
  byTheirSelectors(policies),
  ...(policies.some(isOfANamespace) ? [byNamespace(policies)] : []),
  [anything],
];

/** Whether the webhook is one of those made here. */
export const isSelected = ({ name }: JsonObject): boolean => typeof name === 'string' && name.endsWith(suffix);

/** The namespaces that the source asks about, whatever their own word, and that the policies are for. */
const within = (source: Selector, namespaces: Selector): Selector => {
  const [own, base] = [namespaces.matchLabels ?? {}, source.matchExpressions ?? []];
  return {
    ...source,
    matchExpressions: [
      ...base.filter(({ key }) => key !== optInLabels.canary),
      ...Object.entries(own).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] })),
      ...(namespaces.matchExpressions ?? []),
    ],
  };
};

const entryOf = (webhook: JsonObject, { name, objects, namespaces }: Selection): JsonObject => ({
  ...webhook,
  name,
  objectSelector: objects,
  namespaceSelector: within((webhook['namespaceSelector'] ?? {}) as Selector, namespaces),
});

const fits = (entries: readonly JsonObject[]): boolean =>
  entries.length <= mostEntries && JSON.stringify(entries).length <= mostText;

const entriesOf = (webhook: JsonObject, policies: readonly SelectingPolicy[]): readonly JsonObject[] => {
  const ways = waysToAsk(policies).map((way) => way.map((selection) => entryOf(webhook, selection)));
  return ways.find(fits) ?? ways.at(-1) ?? [];
};

/**
 * The webhooks of a configuration as they should be for these policies; undefined when they are. Others than those for
 * policies are left as they are.
 */
export const withSelections = (
  webhooks: readonly JsonObject[],
  policies: readonly SelectingPolicy[],
): readonly JsonObject[] | undefined => {
  const webhook = webhooks.find(({ name }) => name === source);
  const entries = webhook === undefined ? [] : entriesOf(webhook, policies);
  const wanted = [...webhooks.filter((one) => !isSelected(one)), ...entries];
  return canonicalJson(wanted) === canonicalJson(webhooks) ? undefined : wanted;
};

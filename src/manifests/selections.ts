/**
 * Webhook entries for the workloads that policies select. Each is a copy of the entry for opted-in namespaces with the
 * policies' selectors in place of its own, so the API server does the selecting.
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
/** Keeps a configuration, including its managedFields, below etcd's limit of 1.5 MiB per object. */
const mostEntries = 100;
const mostText = 700_000;

type Selection = { readonly name: string; readonly objects: Selector; readonly namespaces: Selector };

/**
 * Values of the namespace label that make an entry unnecessary: another entry matches, or the label overrides the
 * policy.
 */
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

/** One selection for policies that differ at most in their namespace. */
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

/** One selection for all namespaces that have CanaryPolicies, plus one per selector of ClusterCanaryPolicies. */
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

/**
 * From fine to coarse. Coarser selections match more workloads than the policies select; the webhook's answers stay the
 * same.
 */
const alternatives = (policies: readonly SelectingPolicy[]): readonly (readonly Selection[])[] => [
  byTheirSelectors(policies),
  ...(policies.some(isOfANamespace) ? [byNamespace(policies)] : []),
  [anything],
];

/** Whether the webhook entry was generated here. */
export const isSelected = ({ name }: JsonObject): boolean => typeof name === 'string' && name.endsWith(suffix);

/** Combines the source's selector, without its opt-in label, with the policies' namespace selector. */
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
  const choices = alternatives(policies).map((selections) => selections.map((one) => entryOf(webhook, one)));
  return choices.find(fits) ?? choices.at(-1) ?? [];
};

/**
 * The webhooks that a configuration should have for these policies; undefined if nothing changes. Other entries are
 * kept.
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

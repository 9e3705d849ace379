/**
 * Determines whether Sluice releases a workload, and by which policy. The closest setting to the workload wins: its own
 * annotation, its own label, a policy that it names, a CanaryPolicy of the namespace that selects it, the namespace's
 * label, a ClusterCanaryPolicy that selects it.
 */
import { annotations as keys } from '../../schema/annotations.ts';
import { policySpecSchemas, type PolicyKind, type SelectingPolicySpec } from '../../schema/selecting-policy.ts';
import { systemNamespaces } from '../../schema/names.ts';
import { findings } from '../../schema/validate.ts';
import type { KubeObject, Labels } from '../../values/kube-object.ts';
import { selects, type Selector } from '../../values/label-selector.ts';

/** A policy with a selector. */
export type SelectingPolicy = {
  readonly kind: PolicyKind;
  readonly name: string;
  /** Of a CanaryPolicy. */
  readonly namespace?: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly selector: Selector;
  readonly namespaceSelector: Selector;
};

export type OptInInput = {
  readonly annotations?: Labels | undefined;
  readonly labels?: Labels | undefined;
  readonly namespace?: string | undefined;
  readonly namespaceLabels?: Labels | undefined;
  /** The namespace that Sluice is installed in, if known. */
  readonly ownNamespace?: string | undefined;
  /** Policies of the workload's namespace and of the cluster. */
  readonly policies?: readonly SelectingPolicy[];
};

/**
 * The setting that decided. `system-namespace` means that a setting opts in a workload in a namespace where Sluice never
 * releases; `nothing` that no setting applies.
 */
export const optInSources = [
  'annotation',
  'label',
  'named-policy',
  'CanaryPolicy',
  'namespace',
  'ClusterCanaryPolicy',
  'system-namespace',
  'nothing',
] as const;
export type OptInSource = (typeof optInSources)[number];

export type AppliedPolicy = {
  readonly name: string;
  /** Set for a policy that selects the workload. A policy given by name is looked up in the namespace first. */
  readonly kind?: PolicyKind;
  /** Where the policy is named, if anywhere. */
  readonly writtenAt?: string;
};

export type OptIn = {
  readonly optedIn: boolean;
  readonly because: OptInSource;
  /** Absent if the workload is not opted in, or if the defaults apply. */
  readonly policy?: AppliedPolicy;
  /** Other policies of the same kind that also select the workload and are ignored. */
  readonly passedOver: readonly string[];
};

/**
 * Reads a policy's selectors; undefined if it has none, or if they cannot be read. Admission refuses unreadable selectors,
 * so such a policy was stored while the webhook was not called.
 */
export const selectingPolicy = ({ kind, metadata, spec = {} }: KubeObject): SelectingPolicy | undefined => {
  const { selector, namespaceSelector } = spec as SelectingPolicySpec;
  const given = { selector: selector ?? undefined, namespaceSelector: namespaceSelector ?? undefined };
  if (given.selector === undefined && given.namespaceSelector === undefined) return undefined;
  const schema = kind === 'CanaryPolicy' ? policySpecSchemas.CanaryPolicy : policySpecSchemas.ClusterCanaryPolicy;
  if (findings(schema, given).length > 0) return undefined;
  return {
    kind: kind as PolicyKind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    createdAt: metadata.creationTimestamp ?? '',
    selector: given.selector ?? {},
    namespaceSelector: given.namespaceSelector ?? {},
  };
};

const textOf = (map: Labels | undefined, key: string): string | undefined => {
  const text = (map?.[key] ?? '').trim();
  return text === '' ? undefined : text;
};

/** Values other than `enabled` and `disabled` are ignored here. On a workload, admission refuses them. */
const saidBy = (map: Labels | undefined): boolean | undefined => {
  const text = textOf(map, keys.canary);
  if (text === 'enabled') return true;
  return text === 'disabled' ? false : undefined;
};

/** The oldest policy wins, then the first by name. As in the Gateway API, a new object does not change what already works. */
const byAge = (a: SelectingPolicy, b: SelectingPolicy): number => {
  const [one, other] = a.createdAt === b.createdAt ? [a.name, b.name] : [a.createdAt, b.createdAt];
  return one < other ? -1 : 1;
};

type Fitting = Readonly<Record<PolicyKind, readonly SelectingPolicy[]>>;

const fitting = ({ policies = [], labels, namespaceLabels }: OptInInput): Fitting => {
  const fit = policies
    .filter((p) => selects(p.selector, labels) && selects(p.namespaceSelector, namespaceLabels))
    .sort(byAge);
  return {
    CanaryPolicy: fit.filter(({ kind }) => kind === 'CanaryPolicy'),
    ClusterCanaryPolicy: fit.filter(({ kind }) => kind === 'ClusterCanaryPolicy'),
  };
};

const oneOf = (some: readonly SelectingPolicy[]): true | undefined => (some.length > 0 ? true : undefined);

/** All settings that may apply, the closest first. */
const voices = (input: OptInInput, fit: Fitting): readonly (readonly [OptInSource, boolean | undefined])[] => {
  const { annotations, labels, namespaceLabels } = input;
  const names = textOf(annotations, keys.policy) ?? textOf(labels, keys.policy);
  return [
    ['annotation', saidBy(annotations)],
    ['label', saidBy(labels)],
    ['named-policy', names === undefined ? undefined : true],
    ['CanaryPolicy', oneOf(fit.CanaryPolicy)],
    ['namespace', saidBy(namespaceLabels)],
    ['ClusterCanaryPolicy', oneOf(fit.ClusterCanaryPolicy)],
  ];
};

type Applied = Pick<OptIn, 'policy' | 'passedOver'>;

const named = (map: Labels | undefined, writtenAt: string): Applied | undefined => {
  const name = textOf(map, keys.policy);
  return name === undefined ? undefined : { policy: { name, writtenAt }, passedOver: [] };
};

const selected = ([first, ...others]: readonly SelectingPolicy[]): Applied | undefined =>
  first === undefined
    ? undefined
    : {
        policy: { name: first.name, kind: first.kind },
        passedOver: others.map(({ kind, name }) => `${kind}/${name}`),
      };

const applied = ({ annotations, labels, namespaceLabels }: OptInInput, fit: Fitting): Applied =>
  named(annotations, keys.policy) ??
  named(labels, `label ${keys.policy}`) ??
  selected(fit.CanaryPolicy) ??
  named(namespaceLabels, `label ${keys.policy} of the namespace`) ??
  selected(fit.ClusterCanaryPolicy) ?? { passedOver: [] };

/** Whether the webhook is never called for the namespace. */
export const isOutOfReach = ({ namespace, ownNamespace }: Pick<OptInInput, 'namespace' | 'ownNamespace'>): boolean =>
  namespace !== undefined && (namespace === ownNamespace || systemNamespaces.includes(namespace));

/** Whether and why a workload is opted in. The webhook, the controller and the plugin all use this function. */
export const optInOf = (input: OptInInput): OptIn => {
  const fit = fitting(input);
  const [because, optedIn] = voices(input, fit).find(([, said]) => said !== undefined) ?? ['nothing' as const, false];
  if (optedIn !== true) return { optedIn: false, because, passedOver: [] };
  if (isOutOfReach(input)) return { optedIn: false, because: 'system-namespace', passedOver: [] };
  return { optedIn, because, ...applied(input, fit) };
};

/** Whether the workload itself opts in: by its own annotation or label, or by naming a policy. */
export const byItself = ({ because }: Pick<OptIn, 'because'>): boolean =>
  because === 'annotation' || because === 'label' || because === 'named-policy';

/** Whether the workload itself opts out. This must work even if its other settings are invalid. */
export const isSwitchedOff = ({ optedIn, because }: OptIn): boolean =>
  !optedIn && (because === 'annotation' || because === 'label');

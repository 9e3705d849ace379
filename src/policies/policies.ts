/** Policies from the caches, read with the common parser. */
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import {
  byItself,
  isOutOfReach,
  optInOf,
  selectingPolicy,
  type OptInInput,
  type SelectingPolicy,
} from '../core/policy/opt-in.ts';
import { selects } from '../values/label-selector.ts';
import { parsePolicy, type HeldAgainst, type ParsedPolicy, type PolicyLookup } from '../core/policy/parse-policy.ts';
import { compile } from '../core/plan/compile.ts';
import { planOf, type ReleasePlan } from '../core/plan/plan-of-release.ts';
import type { PolicyRef, PolicyUse } from '../core/policy/policy-use.ts';
import { sentence } from '../values/problem.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import type { PolicyPort } from '../ports/policies.ts';
import type { ClusterView } from '../ports/cluster.ts';

/** Finds a CanaryPolicy of the namespace, or else a ClusterCanaryPolicy. */
const lookup =
  (cluster: ClusterView, namespace: string): PolicyLookup =>
  (name, kind) => {
    const own = kind === 'ClusterCanaryPolicy' ? undefined : cluster.get({ gvk: kinds.canaryPolicy, namespace, name });
    if (own !== undefined) return { kind: 'CanaryPolicy', spec: own.spec ?? {} };
    const found = kind === 'CanaryPolicy' ? undefined : cluster.get({ gvk: kinds.clusterCanaryPolicy, name });
    return found === undefined ? undefined : { kind: 'ClusterCanaryPolicy', spec: found.spec ?? {} };
  };

// Keyed by the cached object, which is replaced at every change.
const read = new WeakMap<KubeObject, SelectingPolicy | 'none'>();

const selecting = (policy: KubeObject): readonly SelectingPolicy[] => {
  const known = read.get(policy) ?? selectingPolicy(policy) ?? 'none';
  read.set(policy, known);
  return known === 'none' ? [] : [known];
};

/** All policies with selectors: those of one namespace and the cluster, or of all namespaces. */
export const selectingPolicies = (cluster: ClusterView, namespace?: string): readonly SelectingPolicy[] =>
  [...cluster.list(kinds.canaryPolicy, namespace), ...cluster.list(kinds.clusterCanaryPolicy)].flatMap(selecting);

/** Everything that can opt a workload in or out. */
const optInSources = (
  cluster: ClusterView,
  { annotations, labels, namespace = '' }: KubeObject['metadata'],
  ownNamespace: string | undefined,
): OptInInput & { readonly namespace: string; readonly policies: readonly SelectingPolicy[] } => ({
  annotations,
  labels,
  namespace,
  ownNamespace,
  namespaceLabels: cluster.get({ gvk: kinds.namespace, name: namespace })?.metadata.labels,
  policies: selectingPolicies(cluster, namespace),
});

const names = (cluster: ClusterView, namespace: string): readonly string[] =>
  [...cluster.list(kinds.canaryPolicy, namespace), ...cluster.list(kinds.clusterCanaryPolicy)].map(
    ({ metadata }) => metadata.name,
  );

/** A workload's opt-in and its policy, as parsed for both webhook and controller. */
export const policyOf =
  (cluster: ClusterView, against: HeldAgainst) =>
  ({ metadata }: Pick<KubeObject, 'metadata'>): ParsedPolicy => {
    const namespace = metadata.namespace ?? '';
    const { policies: selecting, ...sources } = optInSources(cluster, metadata, against.ownNamespace);
    return parsePolicy({
      ...sources,
      selecting,
      find: lookup(cluster, namespace),
      names: () => names(cluster, namespace),
      ...against,
    });
  };

const refKey = ({ kind, namespace, name }: PolicyRef): string => `${kind}/${namespace ?? ''}/${name}`;

/** Which policy governs which workload. Needs only names, since there may be thousands of workloads. */
export const policyUse = (cluster: ClusterView, ownNamespace?: string): PolicyUse => ({
  workloads: (namespace) => cluster.list(kinds.deployment, namespace),
  outOfReach: ({ selector, namespaceSelector, namespace: within }) => {
    const all = cluster.list(kinds.deployment, within);
    return all.filter(({ metadata: { namespace = '', labels } }) => {
      if (!isOutOfReach({ namespace, ownNamespace }) || !selects(selector, labels)) return false;
      return selects(namespaceSelector, cluster.get({ gvk: kinds.namespace, name: namespace })?.metadata.labels);
    });
  },
  governing: ({ metadata }, without) => {
    const { namespace = '' } = metadata;
    const gone = without === undefined ? undefined : refKey(without);
    const sources = optInSources(cluster, metadata, ownNamespace);
    const policies = sources.policies.filter((policy) => refKey(policy) !== gone);
    const { optedIn, policy } = optInOf({ ...sources, policies });
    if (!optedIn) return 'nothing';
    if (policy === undefined) return 'defaults';
    const { name, kind } = policy;
    if (kind !== undefined) return `${kind}/${name}`;
    const own = { kind: 'CanaryPolicy', namespace, name } as const;
    if (refKey(own) !== gone && cluster.get({ gvk: kinds.canaryPolicy, namespace, name }) !== undefined)
      return `CanaryPolicy/${name}`;
    const wide = { kind: 'ClusterCanaryPolicy', name } as const;
    return refKey(wide) !== gone && cluster.get({ gvk: kinds.clusterCanaryPolicy, name }) !== undefined
      ? `ClusterCanaryPolicy/${name}`
      : 'missing';
  },
});

// Keyed by the spec, which stays the same object as long as the cached Release does.
const plans = new WeakMap<ReleaseSpec, ReleasePlan>();

const planOfSpec = (spec: ReleaseSpec): ReleasePlan => {
  const known = plans.get(spec) ?? planOf(spec);
  plans.set(spec, known);
  return known;
};

export const policyPort = (cluster: ClusterView, against: HeldAgainst): PolicyPort => ({
  planOf: planOfSpec,
  optedIn: ({ metadata }) => optInOf(optInSources(cluster, metadata, against.ownNamespace)).optedIn,
  asksItself: ({ metadata }) => byItself(optInOf(optInSources(cluster, metadata, against.ownNamespace))),
  ofWorkload: (workload) => {
    const parsed = policyOf(cluster, against)(workload);
    return parsed.ok
      ? { spec: parsed.spec, plan: compile(parsed.policy), ...(parsed.name === undefined ? {} : { name: parsed.name }) }
      : { problems: parsed.problems.map(sentence), ...(parsed.missing === undefined ? {} : { missing: true }) };
  },
});

/** Policies as the caches have them, read by the one parser. */
import { kinds, type KubeObject } from '../core/kube-object.ts';
import { isOptedIn, parsePolicy, type ParsedPolicy, type PolicyLookup } from '../core/policy/parse-policy.ts';
import type { PolicyRef, PolicyUse } from '../core/policy/policy-use.ts';
import { resolvePolicy } from '../core/policy/resolve-policy.ts';
import type { KnownProviders } from '../core/policy/provider-plan.ts';
import { sentence } from '../core/problem.ts';
import type { PolicyPort } from '../controller/dependencies.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { annotations } from '../schema/annotations.ts';

/** A policy of the namespace, else one of the cluster. */
const lookup =
  (cluster: ClusterView, namespace: string): PolicyLookup =>
  (name) => {
    const own = cluster.get({ gvk: kinds.canaryPolicy, namespace, name });
    const found = own ?? cluster.get({ gvk: kinds.clusterCanaryPolicy, name });
    if (found === undefined) return undefined;
    return { kind: own === undefined ? 'ClusterCanaryPolicy' : 'CanaryPolicy', spec: found.spec ?? {} };
  };

const names = (cluster: ClusterView, namespace: string): readonly string[] =>
  [...cluster.list(kinds.canaryPolicy, namespace), ...cluster.list(kinds.clusterCanaryPolicy)].map(
    ({ metadata }) => metadata.name,
  );

/** What a workload's annotations and the policy they name say. The webhook and the controller read it alike. */
export const policyOf =
  (cluster: ClusterView, providers: KnownProviders) =>
  ({ metadata }: Pick<KubeObject, 'metadata'>): ParsedPolicy => {
    const namespace = metadata.namespace ?? '';
    return parsePolicy({
      annotations: metadata.annotations,
      namespace,
      find: lookup(cluster, namespace),
      names: () => names(cluster, namespace),
      providers,
    });
  };

const refKey = ({ kind, namespace, name }: PolicyRef): string => `${kind}/${namespace ?? ''}/${name}`;

/** Who is governed by which policy. Reads names alone: there may be thousands of workloads. */
export const policyUse = (cluster: ClusterView): PolicyUse => ({
  workloads: (namespace) => cluster.list(kinds.deployment, namespace),
  governing: ({ metadata }, without) => {
    if (!isOptedIn(metadata.annotations)) return 'nothing';
    const name = (metadata.annotations?.[annotations.policy] ?? '').trim();
    if (name === '') return 'defaults';
    const { namespace = '' } = metadata;
    const gone = without === undefined ? undefined : refKey(without);
    const own = { kind: 'CanaryPolicy', namespace, name } as const;
    if (refKey(own) !== gone && cluster.get({ gvk: kinds.canaryPolicy, namespace, name }) !== undefined)
      return `CanaryPolicy/${name}`;
    const wide = { kind: 'ClusterCanaryPolicy', name } as const;
    return refKey(wide) !== gone && cluster.get({ gvk: kinds.clusterCanaryPolicy, name }) !== undefined
      ? `ClusterCanaryPolicy/${name}`
      : 'missing';
  },
});

export const policyPort = (cluster: ClusterView, providers: KnownProviders): PolicyPort => ({
  ofRelease: ({ policy }) => resolvePolicy(policy),
  ofWorkload: (workload) => {
    const parsed = policyOf(cluster, providers)(workload);
    return parsed.ok
      ? { spec: parsed.spec, ...(parsed.name === undefined ? {} : { name: parsed.name }) }
      : { problems: parsed.problems.map(sentence) };
  },
});

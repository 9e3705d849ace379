/** Policies as the caches have them, read by the one parser. */
import { kinds, type KubeObject } from '../core/kube-object.ts';
import { parsePolicy, type ParsedPolicy, type PolicyLookup } from '../core/policy/parse-policy.ts';
import { resolvePolicy } from '../core/policy/resolve-policy.ts';
import type { KnownProviders } from '../core/policy/provider-plan.ts';
import { sentence } from '../core/problem.ts';
import type { PolicyPort } from '../controller/dependencies.ts';
import type { ClusterView } from '../ports/cluster.ts';

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

export const policyPort = (cluster: ClusterView, providers: KnownProviders): PolicyPort => ({
  ofRelease: ({ policy }) => resolvePolicy(policy),
  ofWorkload: (workload) => {
    const parsed = policyOf(cluster, providers)(workload);
    return parsed.ok
      ? { spec: parsed.spec, ...(parsed.name === undefined ? {} : { name: parsed.name }) }
      : { problems: parsed.problems.map(sentence) };
  },
});

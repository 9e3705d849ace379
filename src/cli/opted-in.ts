/** Whether workloads are opted in (by themselves, their namespace or a policy), decided as in the webhook. */
import type { Gvk, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { optInOf, selectingPolicy, type OptIn } from '../core/policy/opt-in.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Session } from './session.ts';

/** Objects the user may not read count as missing; the workload's own annotations and labels still count. */
const readable = (error: unknown): readonly KubeObject[] => {
  if (error instanceof ClusterError && (error.reason === 'forbidden' || error.reason === 'not-found')) return [];
  throw error;
};

/** Reads policies and namespaces once, for all workloads of one namespace or of the cluster. */
export const optIns = async (
  { client }: Session,
  namespace: string | undefined,
): Promise<(workload: Pick<KubeObject, 'metadata'>) => OptIn> => {
  const list = (gvk: Gvk, within?: string): Promise<readonly KubeObject[]> => client.list(gvk, within).catch(readable);
  const one = async (name: string): Promise<readonly KubeObject[]> => {
    const found = await client.get({ gvk: kinds.namespace, name });
    return found === undefined ? [] : [found];
  };
  const [own, clusterWide, namespaces] = await Promise.all([
    list(kinds.canaryPolicy, namespace),
    list(kinds.clusterCanaryPolicy),
    namespace === undefined ? list(kinds.namespace) : one(namespace).catch(readable),
  ]);
  const policies = [...own, ...clusterWide].flatMap((object) => selectingPolicy(object) ?? []);
  const labelsOf = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
  return ({ metadata }) => {
    const within = metadata.namespace ?? '';
    return optInOf({
      annotations: metadata.annotations,
      labels: metadata.labels,
      namespace: within,
      namespaceLabels: labelsOf.get(within),
      policies: policies.filter((policy) => policy.namespace === undefined || policy.namespace === within),
    });
  };
};

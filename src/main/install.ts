/** What `dev` installs in place of the chart: CRDs, Sluice's permissions, and later the webhook configurations. */
import { gvk, type Gvk, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { ClusterError, type ClusterWriter } from '../ports/cluster.ts';
import { crds } from '../manifests/crds.ts';
import { rules } from '../manifests/rbac.ts';
import { workedKinds } from './worked-kinds.ts';

const clusterRole = gvk('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false);
const clusterRoleBinding = gvk('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false);

/** An object to remove at the end. CRDs are not removed, since that would delete every Release and policy. */
export type Installed = { readonly gvk: Gvk; readonly object: KubeObject };

/** Creates the object, or patches the existing one to this content. Resolves to whether it was created. */
export const ensure = async (writer: ClusterWriter, { gvk: kind, object }: Installed): Promise<boolean> => {
  try {
    await writer.create(object, kind);
    return true;
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'already-exists') throw error;
    const body = object as JsonObject;
    await writer.patch({ gvk: kind, name: object.metadata.name }, { type: 'merge', body });
    return false;
  }
};

/** Resolves when the API server serves the CRDs. */
export const installDefinitions = async (writer: ClusterWriter, wait: () => Promise<void>): Promise<void> => {
  for (const object of crds()) {
    await ensure(writer, { gvk: kinds.crd, object });
    while (!(await isEstablished(writer, object.metadata.name))) await wait();
  }
};

const isEstablished = async (writer: ClusterWriter, name: string): Promise<boolean> => {
  const found = await writer.fetch({ gvk: kinds.crd, name });
  const conditions = (found?.status?.['conditions'] ?? []) as readonly { type?: string; status?: string }[];
  return conditions.some((c) => c.type === 'Established' && c.status === 'True');
};

/**
 * The chart's permissions, granted to the user that `dev` impersonates: what works in development works once installed.
 */
export const permissions = (name: string, user: string): readonly Installed[] => {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: rules(workedKinds),
  };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
  return [
    { gvk: clusterRole, object: role },
    { gvk: clusterRoleBinding, object: binding },
  ];
};

export const uninstall = async (writer: ClusterWriter, installed: readonly Installed[]): Promise<void> => {
  for (const { gvk: kind, object } of installed) await writer.remove({ gvk: kind, name: object.metadata.name });
};

/** Where objects live in the Kubernetes REST API. */
import type { Gvk, ObjectRef } from '../values/kube-object.ts';
import { ClusterError, type WriteOptions } from '../ports/cluster.ts';

const root = (gvk: Gvk): string => (gvk.group === '' ? `/api/${gvk.version}` : `/apis/${gvk.group}/${gvk.version}`);

/** Path of all objects of a kind: in the given namespace, or in every namespace. */
export const collectionPath = (gvk: Gvk, namespace?: string): string =>
  gvk.namespaced && namespace !== undefined
    ? `${root(gvk)}/namespaces/${encodeURIComponent(namespace)}/${gvk.plural}`
    : `${root(gvk)}/${gvk.plural}`;

/** Throws ClusterError for a namespaced kind without a namespace: the path would point at something else. */
export const objectPath = (ref: ObjectRef, subresource?: WriteOptions['subresource']): string => {
  if (ref.gvk.namespaced && (ref.namespace ?? '') === '')
    throw new ClusterError('invalid', `${ref.gvk.kind} ${ref.name} needs a namespace`);
  const path = `${collectionPath(ref.gvk, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
};

/** `deployments.apps`, the way kubectl and RBAC messages name a kind. */
export const resourceName = (gvk: Gvk): string => (gvk.group === '' ? gvk.plural : `${gvk.plural}.${gvk.group}`);

/** `deployments.apps shop/web`. */
export const refText = (ref: ObjectRef): string =>
  `${resourceName(ref.gvk)} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;

/** The Service that a release began with, for finding its routes. The Service may be gone, or select other pods now. */
import type { Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { ClusterView } from '../ports/cluster.ts';

export const formerApex = (cluster: ClusterView, namespace: string, name: string): Service =>
  cluster.get({ gvk: kinds.service, namespace, name }) ?? {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {},
  };

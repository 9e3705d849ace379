/** The key of a workload in the queue and in questions to the outside world: `namespace/name`. */
import { kinds } from '../schema/kinds.ts';
import type { Deployment, ObjectRef } from '../values/kube-object.ts';

const separator = '/';

export const workloadKey = (namespace: string, name: string): string => `${namespace}${separator}${name}`;

export const workloadOf = (key: string): ObjectRef<Deployment> => {
  const [namespace = '', name = ''] = key.split(separator);
  return { gvk: kinds.deployment, namespace, name };
};

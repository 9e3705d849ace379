/** How the queue and the outside world name a workload. */
import { kinds } from '../schema/kinds.ts';
import type { Deployment, ObjectRef } from '../values/kube-object.ts';

const separator = '/';

export const workloadKey = (namespace: string, name: string): string => `${namespace}${separator}${name}`;

export const workloadOf = (key: string): ObjectRef<Deployment> => {
  const [namespace = '', name = ''] = key.split(separator);
  return { gvk: kinds.deployment, namespace, name };
};

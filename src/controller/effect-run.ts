/** The input of every effect, and how an effect names and guards the objects that it writes. */
import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { Gathered } from './gather.ts';

export type EffectRun = { readonly deps: ControllerDependencies; readonly gathered: Gathered };

export const refOf = (run: EffectRun, gvk: ObjectRef['gvk'], name: string): ObjectRef => ({
  gvk,
  namespace: run.gathered.workload.metadata.namespace ?? '',
  name,
});

/** The resourceVersion an object was read at; without one no guarded write can be made. */
export const versionOf = (object: Pick<KubeObject, 'metadata'>): string => {
  const version = object.metadata.resourceVersion;
  if (version === undefined)
    throw new ClusterError('conflict', `${object.metadata.name} was read without a resourceVersion`);
  return version;
};

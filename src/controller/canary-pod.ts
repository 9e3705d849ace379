/** Which canary a pod is of, and which of its changes are worth looking at. */
import { isDeepStrictEqual } from 'node:util';
import { troubleOf } from '../core/release/pod-trouble.ts';
import { replicaSetLabel } from '../core/template/template-hash.ts';
import { kinds } from '../schema/kinds.ts';
import { isA, type KubeObject } from '../values/kube-object.ts';
import type { Pod } from '../values/pod.ts';

/** Name of its Deployment: a ReplicaSet is called after it, with the hash of the template that its pods carry as a label. */
export const deploymentOf = ({ metadata }: Pod): string | undefined => {
  const set = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'ReplicaSet' && controller === true);
  const suffix = `-${metadata.labels?.[replicaSetLabel] ?? ''}`;
  return suffix.length > 1 && set?.name.endsWith(suffix) === true ? set.name.slice(0, -suffix.length) : undefined;
};

/** That pods become ready, and go, is told by their Deployment and their endpoints. */
export const isNews = (pod: Pod, before: KubeObject | undefined): boolean => {
  const known = before !== undefined && isA(before, kinds.pod) ? troubleOf(before) : undefined;
  return !isDeepStrictEqual(known, troubleOf(pod));
};

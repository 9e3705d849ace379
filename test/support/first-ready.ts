/** How long a workload needs until the first pod of a new template is ready: what machine and cluster take of everybody. */
import type { Cluster } from '../../src/ports/cluster.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { isA, type KubeObject } from '../../src/values/kube-object.ts';
import { isPodOf } from '../../src/values/pod-name.ts';

const isReady = (pod: KubeObject): boolean =>
  isA(pod, kinds.pod) &&
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

/** Listens from now on. The answer is in milliseconds, from the change of the Deployment; undefined until there is one. */
export const firstReady = (view: Pick<Cluster, 'list' | 'onChange'>, name: string): (() => number | undefined) => {
  const earlier = new Set(view.list(kinds.pod).map(({ metadata }) => metadata.uid));
  const generation = view.list(kinds.deployment).find(({ metadata }) => metadata.name === name)?.metadata.generation;
  let [changed, took]: (number | undefined)[] = [];
  view.onChange(({ object }) => {
    const { metadata } = object;
    if (isA(object, kinds.deployment) && metadata.name === name && metadata.generation !== generation)
      changed ??= performance.now();
    if (changed === undefined || earlier.has(metadata.uid) || !isPodOf(name, metadata.name)) return;
    if (isReady(object)) took ??= performance.now() - changed;
  });
  return () => took;
};

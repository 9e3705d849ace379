/** Makes the pods of ReplicaSets, and says how many of them are ready. */
import type { Json, JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339 } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import { controlLoop, unlessRefused, type ControlLoop } from './control-loop.ts';
import type { Author, MemoryServer } from './memory-server.ts';
import { isOwnedBy, ownerOf, replicaSets, type OwnedSet } from './owned-sets.ts';
import { isReady } from './pods.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:serviceaccount:kube-system:replicaset-controller' };

const watched: ReadonlySet<string> = new Set(['ReplicaSet', 'Pod']);

export interface ReplicaSetController extends ControlLoop {
  /** From now on pods whose names begin like this are refused with these words; undefined lifts it. */
  refuse(prefix: string, words: string | undefined): void;
}

export const replicaSetController = (server: MemoryServer): ReplicaSetController => {
  const refusals = new Map<string, string>();
  let made = 0;
  const refusalOf = (name: string): string | undefined =>
    [...refusals].find(([prefix]) => name.startsWith(prefix))?.[1];
  const makePod = (set: OwnedSet): void => {
    made += 1;
    const pod = podOf(set, made);
    const words = refusalOf(pod.metadata.name);
    if (words !== undefined) throw new ClusterError('forbidden', `pods "${pod.metadata.name}" is forbidden: ${words}`);
    server.create(pod, kinds.pod, author);
  };
  const loop = controlLoop(server, {
    concerns: ({ object }) => watched.has(object.kind),
    work: () => {
      for (const object of server.list(replicaSets)) unlessRefused(() => sync(server, object, makePod));
    },
  });
  return {
    ...loop,
    refuse: (prefix, words) => {
      if (words === undefined) refusals.delete(prefix);
      else refusals.set(prefix, words);
      loop.run();
    },
  };
};

const sync = (server: MemoryServer, set: OwnedSet, makePod: (set: OwnedSet) => void): void => {
  if (set.metadata.deletionTimestamp !== undefined) return;
  const wanted = set.spec.replicas ?? 1;
  const refusal = manage(server, set, { wanted, makePod });
  const pods = podsOf(server, set);
  const ready = pods.filter(isReady).length;
  const conditions = conditionsOf(server, set, refusal);
  const status: JsonObject = {
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
  const ref = refOf(replicaSets, set);
  const body = [{ op: 'add', path: '/status', value: status }] as const;
  server.patch(ref, { type: 'json', body }, { subresource: 'status' }, author);
};

const podsOf = (server: MemoryServer, { metadata }: OwnedSet): readonly KubeObject[] =>
  server.list(kinds.pod, metadata.namespace).filter((pod) => isOwnedBy(pod, metadata.uid));

type Manage = { readonly wanted: number; readonly makePod: (set: OwnedSet) => void };

/** Brings the pods to the wanted number. Returns why one could not be made. */
const manage = (server: MemoryServer, set: OwnedSet, { wanted, makePod }: Manage): ClusterError | undefined => {
  const pods = podsOf(server, set);
  // Those that do not serve go first, then the youngest.
  const surplus = [...pods.filter(isReady), ...pods.filter((pod) => !isReady(pod)).toReversed()].slice(wanted);
  for (const pod of surplus) server.remove(refOf(kinds.pod, pod), {}, author);
  try {
    for (let more = wanted - pods.length; more > 0; more -= 1) makePod(set);
    return undefined;
  } catch (error) {
    if (error instanceof ClusterError) return error;
    throw error;
  }
};

const conditionsOf = (server: MemoryServer, set: OwnedSet, refusal: ClusterError | undefined): readonly Json[] => {
  if (refusal === undefined) return [];
  const known = set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  if (known !== undefined) return [known];
  const at = toRfc3339(server.clock.now());
  return [
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: refusal.message,
      lastTransitionTime: at,
    },
  ];
};

const podOf = ({ metadata, spec }: OwnedSet, n: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `${metadata.name}-${n.toString(36).padStart(5, '0')}`,
    namespace: metadata.namespace ?? '',
    labels: spec.template.metadata?.labels ?? {},
    annotations: spec.template.metadata?.annotations ?? {},
    ownerReferences: [ownerOf('apps/v1', 'ReplicaSet', metadata)],
  },
  spec: spec.template.spec ?? {},
});

/** The ReplicaSet controller: creates and deletes pods, and reports how many are ready. */
import type { Json, JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339 } from '../values/time.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { ControlLoop } from './control-loop.ts';
import { controllersIn, keyedLoop } from './keyed-loop.ts';
import type { Author, MemoryServer } from './memory-server.ts';
import { isOwnedBy, ownerOf, replicaSets, type OwnedSet } from './owned-sets.ts';
import { isReady } from './pods.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:serviceaccount:kube-system:replicaset-controller' };

export interface ReplicaSetController extends ControlLoop {
  /** Refuses new pods whose names begin with `prefix`, with this message; undefined ends it. */
  refuse(prefix: string, words: string | undefined): void;
  /** Limits the pods of each namespace; undefined lifts the limit. */
  quota(pods: number | undefined): void;
}

type Quota = { readonly pods: number } | undefined;

const exceeded = (server: MemoryServer, namespace: string | undefined, quota: Quota): string | undefined => {
  const used = server.list(kinds.pod, namespace).length;
  return quota === undefined || used < quota.pods
    ? undefined
    : `exceeded quota: pods, requested: pods=1, used: pods=${used}, limited: pods=${quota.pods}`;
};

export const replicaSetController = (server: MemoryServer): ReplicaSetController => {
  const refusals = new Map<string, string>();
  let quota: Quota;
  let made = 0;
  const refusalOf = ({ name, namespace }: KubeObject['metadata']): string | undefined =>
    [...refusals].find(([prefix]) => name.startsWith(prefix))?.[1] ?? exceeded(server, namespace, quota);
  const makePod = (set: OwnedSet): void => {
    made += 1;
    const pod = podOf(set, made);
    const words = refusalOf(pod.metadata);
    if (words !== undefined) throw new ClusterError('forbidden', `pods "${pod.metadata.name}" is forbidden: ${words}`);
    server.create(pod, kinds.pod, author);
  };
  const loop = keyedLoop(server, {
    gvk: replicaSets,
    concerned: (event) => {
      if (event.object.kind === 'ReplicaSet') return [event.object.metadata];
      return event.object.kind === 'Pod' ? controllersIn(event, 'ReplicaSet') : undefined;
    },
    work: (set) => sync(server, set, makePod),
  });
  return {
    ...loop,
    refuse: (prefix, words) => {
      if (words === undefined) refusals.delete(prefix);
      else refusals.set(prefix, words);
      loop.runAll();
    },
    quota: (pods) => {
      quota = pods === undefined ? undefined : { pods };
      loop.runAll();
    },
  };
};

/** Syncs one ReplicaSet. If a pod was refused, writes this to the status and then throws the error. */
const sync = (server: MemoryServer, set: OwnedSet, makePod: (set: OwnedSet) => void): void => {
  const wanted = set.spec.replicas ?? 1;
  // A ReplicaSet that is being deleted neither creates nor deletes pods, but still counts them.
  const goes = set.metadata.deletionTimestamp !== undefined;
  const refusal = goes ? undefined : manage(server, set, { wanted, makePod });
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
  if (refusal !== undefined) throw refusal;
};

const podsOf = (server: MemoryServer, { metadata }: OwnedSet): readonly KubeObject[] =>
  server.owned(kinds.pod, metadata.uid ?? '').filter((pod) => isOwnedBy(pod, metadata.uid));

type Manage = { readonly wanted: number; readonly makePod: (set: OwnedSet) => void };

/** Brings the pods to the wanted number. Returns why one could not be made. */
const manage = (server: MemoryServer, set: OwnedSet, { wanted, makePod }: Manage): ClusterError | undefined => {
  const pods = podsOf(server, set);
  // Pods that are not ready are deleted first, then the youngest.
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

/** Reduces objects to what the caches need. */
import { isA, type EndpointSlice, type KubeObject, type Labels, type ObjectMeta } from '../values/kube-object.ts';
import type { ContainerStatus, PodStatus } from '../values/pod.ts';
import { kinds } from '../schema/kinds.ts';
import { group } from '../schema/names.ts';

export type Trim = (object: KubeObject) => KubeObject;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Copies key by key: `delete` would turn the object into a hash table, which takes several times the memory. */
const without = <T extends object>(value: T, key: string): T => {
  if (!(key in value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) if (name !== key) copy[name] = member;
  return copy as T;
};

const withMetadata = (object: KubeObject, metadata: ObjectMeta): KubeObject =>
  metadata === object.metadata ? object : { ...object, metadata };

/**
 * Drops `managedFields`, half of a typical object's size. The result can still be written back whole: the API server
 * keeps managed fields that a written object does not mention.
 */
export const dropManagedFields: Trim = (object) => withMetadata(object, without(object.metadata, 'managedFields'));

/**
 * Also drops kubectl's last-applied annotation. Only for kinds that are never replaced: writing the object back whole
 * would lose the annotation, from which kubectl knows which fields its next apply must remove.
 */
export const dropBookkeeping: Trim = (object) => {
  const { metadata } = dropManagedFields(object);
  const annotations: Labels | undefined = metadata.annotations && without(metadata.annotations, LAST_APPLIED);
  return annotations === undefined || annotations === metadata.annotations
    ? withMetadata(object, metadata)
    : withMetadata(object, { ...metadata, annotations });
};

/** Also drops the status: for kinds whose controllers report all the time what nobody here reads. */
export const specOnly: Trim = (object) => without(dropBookkeeping(object), 'status');

const identity = ({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta => ({
  name,
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
  ...(resourceVersion !== undefined && { resourceVersion }),
});

/** Keeps only the identity: for kinds where it matters only that an object exists or has changed. */
export const nameOnly: Trim = ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: identity(metadata) });

/** Keeps how a claim may be mounted, which never changes. */
export const accessModesOnly: Trim = (claim) => {
  if (!isA(claim, kinds.claim)) return claim;
  const { accessModes } = claim.spec ?? {};
  return { ...nameOnly(claim), ...(accessModes !== undefined && { spec: { accessModes } }) };
};

/** Keeps who is ready behind which Service. There are as many endpoints in a cluster as pods. */
export const endpointsOnly: Trim = ({ apiVersion, kind, metadata, ...rest }) => {
  const { endpoints } = rest as { readonly endpoints?: NonNullable<EndpointSlice['endpoints']> | null };
  const own = Object.entries(metadata.labels ?? {}).filter(
    ([key]) => key === serviceName || key.startsWith(`${group}/`),
  );
  const trimmed: EndpointSlice = {
    apiVersion,
    kind,
    metadata: { ...identity(metadata), labels: Object.fromEntries(own) },
    // The API server writes null where there are none.
    endpoints: (endpoints ?? []).map(({ addresses, conditions, targetRef }) => ({
      addresses,
      ...(conditions?.ready !== undefined && { conditions: { ready: conditions.ready } }),
      ...(targetRef?.name !== undefined && { targetRef: { name: targetRef.name } }),
    })),
  };
  return trimmed;
};

const serviceName = 'kubernetes.io/service-name';

/**
 * Keeps identity, labels and Sluice's annotations: enough to know which workloads name a policy. For kinds with
 * thousands of objects of which few opt in.
 */
export const oursOnly: Trim = ({ apiVersion, kind, metadata }) => {
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(`${group}/`));
  return {
    apiVersion,
    kind,
    metadata: {
      ...identity(metadata),
      ...(metadata.labels !== undefined && { labels: metadata.labels }),
      ...(own.length > 0 && { annotations: Object.fromEntries(own) }),
    },
  };
};

const container = ({ name, ready, started, restartCount, state, lastState }: ContainerStatus): ContainerStatus => ({
  name,
  ...(ready !== undefined && { ready }),
  ...(started !== undefined && { started }),
  ...(restartCount !== undefined && { restartCount }),
  ...(state !== undefined && ready !== true && { state }),
  ...(lastState !== undefined && ready !== true && { lastState }),
});

const stateOf = ({ phase, reason, message, ...rest }: PodStatus): PodStatus => {
  const { conditions, containerStatuses, initContainerStatuses } = rest;
  return {
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(conditions !== undefined && {
      conditions: conditions
        .filter(({ type, status }) => type === 'Ready' || status !== 'True' || type.includes('/'))
        .map(({ type, status, reason: why, message: words }) => ({
          type,
          status,
          ...(why !== undefined && { reason: why }),
          ...(words !== undefined && { message: words }),
        })),
    }),
    ...(containerStatuses !== undefined && { containerStatuses: containerStatuses.map(container) }),
    ...(initContainerStatuses !== undefined && { initContainerStatuses: initContainerStatuses.map(container) }),
  };
};

/** Keeps whose a pod is, and what keeps it from being ready: nothing of what it runs, and little of one that is ready. */
export const podState: Trim = (pod) => {
  if (!isA(pod, kinds.pod)) return pod;
  const { apiVersion, kind, metadata, spec, status } = pod;
  const { labels, ownerReferences, deletionTimestamp } = metadata;
  const gates = spec?.readinessGates;
  return {
    apiVersion,
    kind,
    metadata: {
      ...identity(metadata),
      ...(labels !== undefined && { labels }),
      ...(ownerReferences !== undefined && { ownerReferences }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    ...(gates !== undefined && { spec: { readinessGates: gates } }),
    ...(status !== undefined && { status: stateOf(status) }),
  };
};

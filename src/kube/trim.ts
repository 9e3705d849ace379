/** What is left out of cached objects. */
import type { KubeObject, Labels, ObjectMeta } from '../values/kube-object.ts';
import { group } from '../schema/names.ts';

export type Trim = (object: KubeObject) => KubeObject;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Copied key by key: `delete` would turn the object into a hash table, which takes several times the memory. */
const without = <T extends object>(value: T, key: string): T => {
  if (!(key in value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) if (name !== key) copy[name] = member;
  return copy as T;
};

const withMetadata = (object: KubeObject, metadata: ObjectMeta): KubeObject =>
  metadata === object.metadata ? object : { ...object, metadata };

/**
 * Without `managedFields`: half of a typical object's size, and never needed: the API server keeps them when a written object
 * does not mention them. What is left can be written back whole.
 */
export const dropManagedFields: Trim = (object) => withMetadata(object, without(object.metadata, 'managedFields'));

/**
 * Also without kubectl's last-applied annotation. For kinds that are only read or patched: written back whole, the annotation
 * would be lost, and with it kubectl's knowledge of which fields its next apply has to remove.
 */
export const dropBookkeeping: Trim = (object) => {
  const { metadata } = dropManagedFields(object);
  const annotations: Labels | undefined = metadata.annotations && without(metadata.annotations, LAST_APPLIED);
  return annotations === undefined || annotations === metadata.annotations
    ? withMetadata(object, metadata)
    : withMetadata(object, { ...metadata, annotations });
};

const identity = ({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta => ({
  name,
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
  ...(resourceVersion !== undefined && { resourceVersion }),
});

/** Where it only matters whether an object is there, such as a definition, or that it has changed. */
export const nameOnly: Trim = ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: identity(metadata) });

/**
 * Names, labels and our own annotations. For kinds of which there may be thousands, and few are ours: to know which
 * workloads name a policy takes no more.
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

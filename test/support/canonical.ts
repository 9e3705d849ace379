import type { KubeObject } from '../../src/values/kube-object.ts';

/** An object without what the API server manages: the bytes that are the user's. */
export const canonical = (object: KubeObject | undefined): string => {
  if (object === undefined) return 'absent';
  const { uid, resourceVersion, generation, creationTimestamp, ...metadata } = object.metadata;
  const { managedFields, ...own } = metadata as typeof metadata & { managedFields?: unknown };
  return JSON.stringify({ ...object, metadata: own, status: undefined });
};

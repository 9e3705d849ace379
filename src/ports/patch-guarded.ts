import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import { ClusterError, type ClusterWriter } from './cluster.ts';
import type { JsonPatchOp } from '../values/json-pointer.ts';

/** `missing`: the object is not there. */
export type Patched = 'unchanged' | 'changed' | 'missing';

const attempts = 5;

/**
 * Reads an object, patches it where `patchFor` finds something to do, and starts over when somebody else was faster: what
 * was decided from the object that was read is never written into another one. Rejects with ClusterError only.
 */
export const patchGuarded = async (
  cluster: Pick<ClusterWriter, 'fetch' | 'patch'>,
  ref: ObjectRef,
  patchFor: (object: KubeObject) => readonly JsonPatchOp[],
): Promise<Patched> => {
  for (let attempt = 1; ; attempt += 1) {
    const object = await cluster.fetch(ref);
    if (object === undefined) return 'missing';
    const body = patchFor(object);
    if (body.length === 0) return 'unchanged';
    const { resourceVersion } = object.metadata;
    try {
      await cluster.patch(ref, { type: 'json', body }, resourceVersion === undefined ? {} : { resourceVersion });
      return 'changed';
    } catch (error) {
      const raced = error instanceof ClusterError && error.reason === 'conflict';
      if (!raced || attempt === attempts) throw error;
    }
  }
};

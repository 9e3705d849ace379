import jsonPatch from 'fast-json-patch';
import type { Gvk, KubeObject, ObjectRef } from '../../src/values/kube-object.ts';
import { ClusterError, type ClusterWriter } from '../../src/ports/cluster.ts';

export type MemoryObjects = Pick<ClusterWriter, 'create' | 'replace' | 'fetch' | 'patch' | 'remove'> & {
  /** Runs before the next write takes place: what somebody else does in between. */
  beforeWrite(run: () => Promise<unknown>): void;
  /** Every write from now on fails with this. */
  failWith(error: ClusterError | undefined): void;
  readonly writes: string[];
};

const keyOf = (gvk: Gvk, namespace: string | undefined, name: string): string =>
  `${gvk.kind}/${namespace ?? ''}/${name}`;

/** Objects with resource versions, guarded as an API server guards them. JSON patches only. */
export const memoryObjects = (...given: readonly (readonly [KubeObject, Gvk])[]): MemoryObjects => {
  const objects = new Map<string, KubeObject>();
  const writes: string[] = [];
  let version = 0;
  let before: (() => Promise<unknown>) | undefined;
  let failure: ClusterError | undefined;
  const put = <T extends KubeObject>(key: string, object: KubeObject, _gvk?: Gvk<T>): T => {
    version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    objects.set(key, stored);
    return stored as T;
  };
  const write = async (what: string): Promise<void> => {
    const run = before;
    before = undefined;
    await run?.();
    if (failure !== undefined) throw failure;
    writes.push(what);
  };
  const existing = (key: string, resourceVersion: string | undefined): KubeObject => {
    const object = objects.get(key);
    if (object === undefined) throw new ClusterError('not-found', `${key} is not there`);
    if (resourceVersion !== undefined && object.metadata.resourceVersion !== resourceVersion)
      throw new ClusterError('conflict', `${key} has changed`);
    return object;
  };
  for (const [object, gvk] of given) put(keyOf(gvk, object.metadata.namespace, object.metadata.name), object);
  return {
    writes,
    beforeWrite: (run) => (before = run),
    failWith: (error) => (failure = error),
    create: async (object, gvk) => {
      const key = keyOf(gvk, object.metadata.namespace, object.metadata.name);
      await write(`create ${key}`);
      if (objects.has(key)) throw new ClusterError('already-exists', `${key} is there`);
      return put(key, object, gvk);
    },
    replace: async (object, gvk) => {
      const key = keyOf(gvk, object.metadata.namespace, object.metadata.name);
      await write(`replace ${key}`);
      existing(key, object.metadata.resourceVersion);
      return put(key, object, gvk);
    },
    fetch: <T extends KubeObject>({ gvk, namespace, name }: ObjectRef<T>) =>
      Promise.resolve(objects.get(keyOf(gvk, namespace, name)) as T | undefined),
    remove: async ({ gvk, namespace, name }) => {
      await write(`remove ${keyOf(gvk, namespace, name)}`);
      return objects.delete(keyOf(gvk, namespace, name));
    },
    patch: async ({ gvk, namespace, name }, patch, options) => {
      const key = keyOf(gvk, namespace, name);
      await write(`patch ${key}`);
      const object = existing(key, options?.resourceVersion);
      if (patch.type !== 'json') throw new Error('only JSON patches here');
      return put(key, jsonPatch.applyPatch(object, [...patch.body], true, false).newDocument, gvk);
    },
  };
};

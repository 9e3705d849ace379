/**
 * An index of objects by keys that are computed from each object alone. A cache reports its changes in order, so the last
 * change of a name counts.
 */
import type { KubeObject } from '../values/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';

export type ObjectIndex<T extends KubeObject> = {
  readonly note: (change: Pick<ClusterChange, 'type'> & { readonly object: T }) => void;
  /** In time proportional to the result. */
  readonly at: (key: string) => readonly T[];
};

const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** An index of the objects of one kind. */
export const objectIndex = <T extends KubeObject>(keysOf: (object: T) => readonly string[]): ObjectIndex<T> => {
  const keysByName = new Map<string, ReadonlySet<string>>();
  const byKey = new Map<string, Map<string, T>>();
  const forget = (name: string): void => {
    for (const key of keysByName.get(name) ?? []) {
      const objects = byKey.get(key);
      objects?.delete(name);
      if (objects?.size === 0) byKey.delete(key);
    }
    keysByName.delete(name);
  };
  const put = (name: string, object: T): void => {
    const keys = new Set(keysOf(object));
    keysByName.set(name, keys);
    for (const key of keys) byKey.set(key, (byKey.get(key) ?? new Map<string, T>()).set(name, object));
  };
  return {
    note: ({ type, object }) => {
      const name = nameOf(object);
      forget(name);
      if (type === 'set') put(name, object);
    },
    at: (key) => [...(byKey.get(key)?.values() ?? [])],
  };
};

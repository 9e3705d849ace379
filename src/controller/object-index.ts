/** Objects by keys that are told from each object alone. Of news that comes out of turn the last word counts. */
import type { KubeObject } from '../values/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';

export type ObjectIndex<T extends KubeObject> = {
  readonly note: (change: Pick<ClusterChange, 'type'> & { readonly object: T }) => void;
  /** In time proportional to the result. */
  readonly at: (key: string) => readonly T[];
};

type Entry<T> = { readonly object: T; readonly keys: ReadonlySet<string> };

const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** An index of the objects of one kind. */
export const objectIndex = <T extends KubeObject>(keysOf: (object: T) => readonly string[]): ObjectIndex<T> => {
  const entries = new Map<string, Entry<T>>();
  const byKey = new Map<string, Map<string, T>>();
  const forget = (name: string): void => {
    for (const key of entries.get(name)?.keys ?? []) {
      const objects = byKey.get(key);
      objects?.delete(name);
      if (objects?.size === 0) byKey.delete(key);
    }
    entries.delete(name);
  };
  const put = (name: string, object: T): void => {
    const keys = new Set(keysOf(object));
    entries.set(name, { object, keys });
    for (const key of keys) byKey.set(key, (byKey.get(key) ?? new Map<string, T>()).set(name, object));
  };
  return {
    note: ({ type, object }) => {
      const name = nameOf(object);
      // A namesake that was made since is not the one that is gone.
      if (type === 'removed' && entries.get(name)?.object.metadata.uid !== object.metadata.uid) return;
      forget(name);
      if (type === 'set') put(name, object);
    },
    at: (key) => [...(byKey.get(key)?.values() ?? [])],
  };
};

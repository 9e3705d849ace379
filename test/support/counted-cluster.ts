/** Caches without an API server, which count what is read from them. Writes are refused: nothing is to be written here. */
import { kindOf, isSameKind, refKey, type Gvk, type KubeObject, type ObjectRef } from '../../src/values/kube-object.ts';
import type { Cluster, ClusterChange } from '../../src/ports/cluster.ts';

export type CountedCluster = Cluster & {
  readonly set: (object: KubeObject) => void;
  readonly drop: (object: KubeObject) => void;
  /** Objects handed out since the last time, by lists and one by one. */
  readonly reads: () => number;
};

const gvkOf = (object: KubeObject): Gvk => ({ ...kindOf(object), version: '', plural: '', namespaced: true });
const placeOf = (gvk: Gvk, namespace = ''): string => refKey({ gvk, namespace, name: '' });

/** Objects of each kind and namespace by name. */
type Stored = Map<string, Map<string, KubeObject>>;

const put = (stored: Stored, object: KubeObject): KubeObject | undefined => {
  const place = placeOf(gvkOf(object), object.metadata.namespace);
  const there = stored.get(place) ?? new Map<string, KubeObject>();
  const before = there.get(object.metadata.name);
  stored.set(place, there.set(object.metadata.name, object));
  return before;
};

const everywhere = (stored: Stored, gvk: Gvk): readonly KubeObject[] =>
  [...stored.values()].flatMap((objects) => [...objects.values()]).filter((one) => isSameKind(kindOf(one), gvk));

export const countedCluster = (objects: readonly KubeObject[] = []): CountedCluster => {
  const stored: Stored = new Map();
  for (const object of objects) put(stored, object);
  const listeners: ((change: ClusterChange) => void)[] = [];
  let reads = 0;
  const counted = <T>(found: readonly T[]): readonly T[] => {
    reads += found.length;
    return found;
  };
  const emit = (change: ClusterChange): void => listeners.forEach((listener) => listener(change));
  const refuse = (): Promise<never> => Promise.reject(new Error('a write was not expected'));
  return {
    get: <T extends KubeObject>({ gvk, namespace, name }: ObjectRef<T>) => {
      const found = stored.get(placeOf(gvk, namespace))?.get(name) as T | undefined;
      return counted(found === undefined ? [] : [found])[0];
    },
    list: <T extends KubeObject>(gvk: Gvk<T>, namespace?: string) =>
      counted(
        namespace === undefined ? everywhere(stored, gvk) : [...(stored.get(placeOf(gvk, namespace))?.values() ?? [])],
      ) as readonly T[],
    serves: () => true,
    onChange: (listener) => void listeners.push(listener),
    onServed: () => undefined,
    set: (object) => {
      const before = put(stored, object);
      emit({ type: 'set', gvk: gvkOf(object), object, ...(before === undefined ? {} : { before }) });
    },
    drop: (object) => {
      const gone = stored.get(placeOf(gvkOf(object), object.metadata.namespace))?.delete(object.metadata.name);
      if (gone === true) emit({ type: 'removed', gvk: gvkOf(object), object });
    },
    reads: () => {
      const since = reads;
      reads = 0;
      return since;
    },
    create: refuse,
    remove: refuse,
    patch: refuse,
    replace: refuse,
    fetch: refuse,
    fetchList: refuse,
  };
};

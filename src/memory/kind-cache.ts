/** The cached objects of one watch, with the known version of each: older events are ignored. */
import type { Gvk, KubeObject, ObjectRef } from '../values/kube-object.ts';
import { labelMatcher } from '../values/label-selector.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import type { ServerEvent } from './memory-server.ts';

/** Which objects are watched, in the form of the real cluster's. */
export type MemoryWatch = {
  readonly gvk: Gvk;
  readonly namespace?: string;
  readonly name?: string;
  readonly labelSelector?: string;
  /** The kind may not be installed; it is watched while it is. */
  readonly optional?: boolean;
  readonly metadataOnly?: boolean;
  readonly trim?: (object: KubeObject) => KubeObject;
};

const keyOf = ({ namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>): string => `${namespace ?? ''}/${name}`;

const metadataAlone = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({ apiVersion, kind, metadata });

export class KindCache {
  readonly watch: MemoryWatch;
  readonly #emit: (change: ClusterChange) => void;
  readonly #objects = new Map<string, KubeObject>();
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  readonly #versions = new Map<string, number>();
  readonly #selects: (object: KubeObject) => boolean;
  /** Version of the list the cache began with; undefined while the kind is not served. */
  #begun: number | undefined;

  constructor(watch: MemoryWatch, emit: (change: ClusterChange) => void) {
    this.watch = watch;
    this.#emit = emit;
    const fits = watch.labelSelector === undefined ? undefined : labelMatcher(watch.labelSelector);
    this.#selects = ({ metadata }) =>
      (watch.namespace === undefined || watch.namespace === metadata.namespace) &&
      (watch.name === undefined || watch.name === metadata.name) &&
      (fits === undefined || fits(metadata.labels));
  }

  get synced(): boolean {
    return this.#begun !== undefined;
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(`${namespace ?? ''}/${name}`);
  }

  /** In time proportional to the result. */
  list(namespace?: string): readonly KubeObject[] {
    const objects = namespace === undefined ? this.#objects : this.#namespaces.get(namespace);
    return objects === undefined ? [] : [...objects.values()];
  }

  /** Takes over a complete list of this version. */
  begin(objects: readonly KubeObject[], version: number): void {
    this.#begun = version;
    for (const object of objects) this.#set(object, Number(object.metadata.resourceVersion));
  }

  /** Clears the cache when the kind is no longer served. */
  end(): void {
    this.#begun = undefined;
    for (const known of this.list()) this.#drop(known, known);
    this.#versions.clear();
  }

  /** A change, from the watch or as the answer to a write. */
  take({ type, object, version }: Pick<ServerEvent, 'type' | 'object' | 'version'>): void {
    const key = keyOf(object.metadata);
    if (this.#begun === undefined || version <= (this.#versions.get(key) ?? this.#begun)) return;
    if (type === 'set') {
      this.#set(object, version);
      return;
    }
    this.#versions.set(key, version);
    const known = this.#objects.get(key);
    if (known !== undefined) this.#drop(known, this.#trimmed(object));
  }

  #set(object: KubeObject, version: number): void {
    const key = keyOf(object.metadata);
    const known = this.#objects.get(key);
    this.#versions.set(key, version);
    if (!this.#selects(object)) {
      if (known !== undefined) this.#drop(known, known);
      return;
    }
    const isSame = known !== undefined && known.metadata.uid === object.metadata.uid;
    if (known !== undefined && !isSame) this.#drop(known, known);
    const kept = this.#trimmed(object);
    this.#put(key, kept);
    const change = { type: 'set', gvk: this.watch.gvk, object: kept } as const;
    this.#emit(isSame ? { ...change, before: known } : change);
  }

  #put(key: string, object: KubeObject): void {
    const { namespace = '' } = object.metadata;
    this.#objects.set(key, object);
    const objects = this.#namespaces.get(namespace) ?? new Map<string, KubeObject>();
    this.#namespaces.set(namespace, objects.set(key, object));
  }

  #drop(known: KubeObject, last: KubeObject): void {
    const key = keyOf(known.metadata);
    const objects = this.#namespaces.get(known.metadata.namespace ?? '');
    this.#objects.delete(key);
    objects?.delete(key);
    if (objects?.size === 0) this.#namespaces.delete(known.metadata.namespace ?? '');
    this.#emit({ type: 'removed', gvk: this.watch.gvk, object: last });
  }

  #trimmed(object: KubeObject): KubeObject {
    const { metadataOnly, trim } = this.watch;
    const kept = metadataOnly === true ? metadataAlone(object) : object;
    return trim === undefined ? kept : trim(kept);
  }
}

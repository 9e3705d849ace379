/**
 * The cached objects of one watch, by namespace and name. Updates come from lists, watch events and responses to our
 * own writes, late and out of order; the store never replaces a newer version of an object with an older one.
 */
import type { KubeObject } from '../values/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { compareVersions } from './resource-version.ts';

export type StoreChange = Pick<ClusterChange, 'type' | 'object' | 'before'>;

export type StoreOptions = {
  readonly emit: (change: StoreChange) => void;
  /** Whether a written object belongs to the watch. Default: all do. */
  readonly selects?: (object: KubeObject) => boolean;
};

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const versionOf = (object: KubeObject): string | undefined => object.metadata.resourceVersion;

/** Versions that cannot be compared count as not older: they are taken in order of arrival. */
const isOlder = (a: string | undefined, b: string | undefined): boolean => (compareVersions(a, b) ?? 0) < 0;

export class ObjectStore {
  readonly #options: StoreOptions;
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  /** Everything up to this version has been delivered by the list and the watch. */
  #version: string | undefined;
  /** Keys written by us since the last list was requested; that list may not contain them yet. */
  readonly #written = new Set<string>();
  /** Uids of objects that we removed and whose removal the watch has not reported yet. */
  readonly #removed = new Set<string>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace ?? '')?.get(name);
  }

  /** Takes time proportional to the result. */
  list(namespace?: string): readonly KubeObject[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  /** Must be called before a list is requested; `replace` then takes its result. */
  beginList(): void {
    this.#written.clear();
    this.#removed.clear();
  }

  /** Replaces the content by a complete list at `version` and emits the differences. */
  replace(objects: readonly KubeObject[], version: string): void {
    const listed = new Set(objects.map(keyOf));
    for (const known of this.list()) {
      const key = keyOf(known);
      if (!listed.has(key) && !this.#isAhead(known, version)) this.#delete(known);
    }
    for (const object of objects) {
      if (this.#removed.has(object.metadata.uid ?? '')) continue;
      const known = this.get(object.metadata.namespace, object.metadata.name);
      if (known === undefined || !this.#isAhead(known, version)) this.#put(object);
    }
    this.#version = version;
  }

  /**
   * Applies a watch event, or a bookmark if `type` is missing. Returns false if the version went back: etcd was
   * restored.
   */
  observe(version: string | undefined, type?: ClusterChange['type'], object?: KubeObject): boolean {
    if (isOlder(version, this.#version)) return false;
    this.#version = version ?? this.#version;
    if (type === 'set' && object !== undefined) this.#observeSet(object);
    if (type === 'removed' && object !== undefined) this.#observeRemoved(object);
    return true;
  }

  /** Applies the response to one of our writes, unless the watch has already delivered that version or a later one. */
  written(object: KubeObject): void {
    const known = this.get(object.metadata.namespace, object.metadata.name);
    const order = compareVersions(versionOf(object), this.#version);
    // If the versions cannot be compared, an unknown object may already be deleted: leave it to the watch.
    if (order === undefined ? known === undefined : order <= 0) return;
    if (this.#removed.has(object.metadata.uid ?? '') || isOlder(versionOf(object), known && versionOf(known))) return;
    if (this.#options.selects?.(object) === false) {
      if (known !== undefined) this.#delete(known);
      return;
    }
    this.#written.add(keyOf(object));
    this.#put(object);
  }

  /** One of our writes deleted the object. */
  gone(namespace: string | undefined, name: string, uid: string): void {
    const known = this.get(namespace, name);
    if (known?.metadata.uid !== uid) return;
    this.#removed.add(uid);
    this.#delete(known);
  }

  /** The kind is no longer served. */
  clear(): void {
    for (const known of this.list()) this.#delete(known);
    this.beginList();
    this.#version = undefined;
  }

  #isAhead(known: KubeObject, version: string): boolean {
    return this.#written.has(keyOf(known)) && (compareVersions(versionOf(known), version) ?? 1) > 0;
  }

  #observeSet(object: KubeObject): void {
    if (this.#removed.has(object.metadata.uid ?? '')) return;
    const known = this.get(object.metadata.namespace, object.metadata.name);
    if (known === undefined || !isOlder(versionOf(object), versionOf(known))) this.#put(object);
  }

  #observeRemoved(object: KubeObject): void {
    this.#removed.delete(object.metadata.uid ?? '');
    const known = this.get(object.metadata.namespace, object.metadata.name);
    if (known === undefined || isOlder(versionOf(object), versionOf(known))) return;
    this.#delete(known, object);
  }

  #put(object: KubeObject): void {
    const { namespace = '', name, uid } = object.metadata;
    const known = this.get(namespace, name);
    if (known !== undefined && versionOf(known) !== undefined && versionOf(known) === versionOf(object)) return;
    if (known !== undefined && known.metadata.uid !== uid) this.#delete(known);
    const before = this.get(namespace, name);
    const objects = this.#namespaces.get(namespace) ?? new Map<string, KubeObject>();
    this.#namespaces.set(namespace, objects.set(name, object));
    this.#options.emit({ type: 'set', object, ...(before !== undefined && { before }) });
  }

  #delete(known: KubeObject, last: KubeObject = known): void {
    const { namespace = '', name } = known.metadata;
    const objects = this.#namespaces.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.#namespaces.delete(namespace);
    this.#options.emit({ type: 'removed', object: last });
  }
}

/**
 * The cached objects of one watch, by namespace and name, and the order of what is known about them. News comes from three
 * sides (lists, watch events, answers to our own writes), late and out of turn; nothing newer is ever replaced by older news.
 */
import type { KubeObject } from '../values/kube-object.ts';
import type { ClusterChange } from '../ports/cluster.ts';
import { compareVersions } from './resource-version.ts';

export type StoreChange = Pick<ClusterChange, 'type' | 'object' | 'before'>;

export type StoreOptions = {
  readonly emit: (change: StoreChange) => void;
  /** Whether an object that was written belongs to the watch; all do when left out. */
  readonly selects?: (object: KubeObject) => boolean;
};

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const versionOf = (object: KubeObject): string | undefined => object.metadata.resourceVersion;

/** Undefined counts as not older: versions that cannot be compared are taken in the order they come. */
const isOlder = (a: string | undefined, b: string | undefined): boolean => (compareVersions(a, b) ?? 0) < 0;

export class ObjectStore {
  readonly #options: StoreOptions;
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  /** Everything up to this version has been delivered by the list and the watch. */
  #version: string | undefined;
  /** Keys that our writes have put in since the last list was asked for: that list may not have them yet. */
  readonly #written = new Set<string>();
  /** Objects (by uid) that our writes removed and whose removal the watch has not reported yet. */
  readonly #removed = new Set<string>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#namespaces.get(namespace ?? '')?.get(name);
  }

  /** In time proportional to the result. */
  list(namespace?: string): readonly KubeObject[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  /** To be called before a list is asked for; `replace` follows with its result. */
  beginList(): void {
    this.#written.clear();
    this.#removed.clear();
  }

  /** Takes over a complete list of `version`, and emits the difference to what was known. */
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

  /** A watch event, or a bookmark when there is no `type`. Returns false when the version went back, as after a restored backup. */
  observe(version: string | undefined, type?: ClusterChange['type'], object?: KubeObject): boolean {
    if (isOlder(version, this.#version)) return false;
    this.#version = version ?? this.#version;
    if (type === 'set' && object !== undefined) this.#observeSet(object);
    if (type === 'removed' && object !== undefined) this.#observeRemoved(object);
    return true;
  }

  /** The answer to one of our writes. Old news (the watch was faster, the object may even be gone) changes nothing. */
  written(object: KubeObject): void {
    const known = this.get(object.metadata.namespace, object.metadata.name);
    const order = compareVersions(versionOf(object), this.#version);
    // Without an order a new object may already be gone again: the watch will tell.
    if (order === undefined ? known === undefined : order <= 0) return;
    if (this.#removed.has(object.metadata.uid ?? '') || isOlder(versionOf(object), known && versionOf(known))) return;
    if (this.#options.selects?.(object) === false) {
      if (known !== undefined) this.#delete(known);
      return;
    }
    this.#written.add(keyOf(object));
    this.#put(object);
  }

  /** One of our writes removed the object for good. */
  gone(namespace: string | undefined, name: string, uid: string): void {
    const known = this.get(namespace, name);
    if (known?.metadata.uid !== uid) return;
    this.#removed.add(uid);
    this.#delete(known);
  }

  /** The kind is not served any more. */
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

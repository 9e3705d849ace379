/**
 * The objects of an API server in memory, found by name, namespace, label, owner and uid in time proportional to what is found.
 * Whatever is asked for comes in the order in which it was created.
 */
import type { Gvk, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import { selects } from '../values/label-selector.ts';
import { kindKey } from './served-kinds.ts';

export type StoredObject = readonly [Gvk, KubeObject];

/** Every object gets a uid that is greater than those before. */
export const inOrder = <T extends KubeObject>(objects: readonly T[]): readonly T[] =>
  objects.length < 2 ? objects : objects.toSorted((a, b) => ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1));

const nameKey = ({ namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>): string => `${namespace ?? ''}/${name}`;

/** Objects by words that each of them has. */
class WordIndex {
  readonly #keys = new Map<string, Set<string>>();

  of(word: string): Iterable<string> {
    return this.#keys.get(word) ?? [];
  }

  move(key: string, from: readonly string[], to: readonly string[]): void {
    for (const word of from) this.#remove(word, key);
    for (const word of to) this.#keys.set(word, (this.#keys.get(word) ?? new Set()).add(key));
  }

  #remove(word: string, key: string): void {
    const keys = this.#keys.get(word);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(word);
  }
}

const labelWord = (namespace: string | undefined, key: string, value: string): string =>
  `${namespace ?? ''}/${key}=${value}`;

const labelWords = ({ metadata: { namespace, labels = {} } }: KubeObject): readonly string[] =>
  Object.entries(labels).map(([key, value]) => labelWord(namespace, key, value));

const ownerWords = ({ metadata: { ownerReferences = [] } }: KubeObject): readonly string[] =>
  ownerReferences.map(({ uid }) => uid);

/** The objects of one kind. */
class StoredKind {
  readonly gvk: Gvk;
  readonly #objects = new Map<string, KubeObject>();
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  readonly #labels = new WordIndex();
  readonly #owners = new WordIndex();

  constructor(gvk: Gvk) {
    this.gvk = gvk;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  list(namespace: string | undefined): readonly KubeObject[] {
    const objects = namespace === undefined ? this.#objects : this.#namespaces.get(namespace);
    return objects === undefined ? [] : [...objects.values()];
  }

  select(namespace: string, labels: Labels): readonly KubeObject[] {
    const [first] = Object.entries(labels);
    if (first === undefined) return this.list(namespace);
    const found = this.#found(this.#labels.of(labelWord(namespace, ...first)));
    return found.filter(({ metadata }) => selects({ matchLabels: labels }, metadata.labels));
  }

  owned(uid: string): readonly KubeObject[] {
    return this.#found(this.#owners.of(uid));
  }

  put(key: string, object: KubeObject): void {
    const { namespace = '' } = object.metadata;
    this.#index(key, this.#objects.get(key), object);
    this.#objects.set(key, object);
    const objects = this.#namespaces.get(namespace) ?? new Map<string, KubeObject>();
    this.#namespaces.set(namespace, objects.set(key, object));
  }

  delete(key: string): void {
    const known = this.#objects.get(key);
    if (known === undefined) return;
    const { namespace = '' } = known.metadata;
    this.#index(key, known, undefined);
    this.#objects.delete(key);
    const objects = this.#namespaces.get(namespace);
    objects?.delete(key);
    if (objects?.size === 0) this.#namespaces.delete(namespace);
  }

  #found(keys: Iterable<string>): readonly KubeObject[] {
    return inOrder([...keys].flatMap((key) => this.#objects.get(key) ?? []));
  }

  /** Most writes leave labels and owners as they are, and what stays the same stays the same object. */
  #index(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    if (before === undefined || before.metadata.labels !== after?.metadata.labels)
      this.#labels.move(key, before ? labelWords(before) : [], after ? labelWords(after) : []);
    if (before === undefined || before.metadata.ownerReferences !== after?.metadata.ownerReferences)
      this.#owners.move(key, before ? ownerWords(before) : [], after ? ownerWords(after) : []);
  }
}

export class StoredObjects {
  readonly #kinds = new Map<string, StoredKind>();
  readonly #byUid = new Map<string, { readonly kind: StoredKind; readonly key: string }>();

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#kinds.get(kindKey(ref.gvk))?.get(nameKey(ref));
  }

  list(gvk: Gvk, namespace?: string): readonly KubeObject[] {
    return this.#kinds.get(kindKey(gvk))?.list(namespace) ?? [];
  }

  /** Those that have all these labels. */
  select(gvk: Gvk, namespace: string, labels: Labels): readonly KubeObject[] {
    return this.#kinds.get(kindKey(gvk))?.select(namespace, labels) ?? [];
  }

  /** Those of the kind that this object is an owner of. */
  owned(gvk: Gvk, uid: string): readonly KubeObject[] {
    return this.#kinds.get(kindKey(gvk))?.owned(uid) ?? [];
  }

  /** Those of whatever kind that this object is an owner of, kind by kind. */
  dependents(uid: string): readonly StoredObject[] {
    return this.#eachKind((kind) => kind.owned(uid));
  }

  /** Every object there is, in a namespace when one is given, kind by kind. */
  everything(namespace?: string): readonly StoredObject[] {
    return this.#eachKind((kind) => kind.list(namespace));
  }

  isThere(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  /** Those with these uids that are there, kind by kind. */
  withUids(uids: Iterable<string>): readonly StoredObject[] {
    const found = [...uids].flatMap((uid) => this.#byUid.get(uid) ?? []);
    const byKind = Map.groupBy(found, ({ kind }) => kind);
    return this.#eachKind((kind) => inOrder((byKind.get(kind) ?? []).flatMap(({ key }) => kind.get(key) ?? [])));
  }

  /** Kinds of which there are or were objects. */
  kinds(): readonly Gvk[] {
    return [...this.#kinds.values()].map(({ gvk }) => gvk);
  }

  /** Returns the object that was there under this name. */
  put(gvk: Gvk, object: KubeObject): KubeObject | undefined {
    const kind = this.#kinds.get(kindKey(gvk)) ?? new StoredKind(gvk);
    this.#kinds.set(kindKey(gvk), kind);
    const key = nameKey(object.metadata);
    const before = kind.get(key);
    kind.put(key, object);
    this.#byUid.set(object.metadata.uid ?? '', { kind, key });
    return before;
  }

  delete(ref: ObjectRef): void {
    const kind = this.#kinds.get(kindKey(ref.gvk));
    this.#byUid.delete(kind?.get(nameKey(ref))?.metadata.uid ?? '');
    kind?.delete(nameKey(ref));
  }

  #eachKind(found: (kind: StoredKind) => readonly KubeObject[]): readonly StoredObject[] {
    return [...this.#kinds.values()].flatMap((kind) => found(kind).map((object) => [kind.gvk, object] as const));
  }
}

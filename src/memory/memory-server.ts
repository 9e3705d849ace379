/**
 * An API server without a network: versioned objects, guarded writes, admission, and watch events in order. Every call is
 * synchronous; `memory-cluster.ts` implements the port on top of it.
 */
import type { Gvk, JsonObject, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339 } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClusterChange, Patch, WriteOptions } from '../ports/cluster.ts';
import { patched, PatchMisfit } from './patches.ts';
import {
  alreadyExists,
  anotherUid,
  beingTerminated,
  hasChanged,
  invalid,
  misfits,
  noNamespace,
  notFound,
  notServed,
  refText,
} from './refusals.ts';
import { definitionName, kindKey, traitsOf, type KindTraits } from './served-kinds.ts';
import { StoredObjects, type StoredObject } from './stored-objects.ts';
import { asSent, asStored, born, going, nothingKeeps, problemOf, refOf, rewritten, sameObject } from './write-rules.ts';

/** Who writes, as the API server has authenticated it. */
export type Author = { readonly user: string; readonly fieldManager?: string };

/** A write that is about to be stored. */
export type Review = {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly ref: ObjectRef;
  readonly author: Author;
  readonly subresource?: WriteOptions['subresource'];
  readonly object?: KubeObject;
  readonly oldObject?: KubeObject;
};

/** Returns the object to store for a write, or throws a ClusterError to refuse it. The result for a DELETE is ignored. */
export type Admission = (review: Review) => KubeObject | undefined;

export type ServerEvent = ClusterChange & { readonly version: number };

export type Removal = {
  readonly uid?: string;
  /** What happens to its dependents: deleted after it (the default), before it, or orphaned. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
};

export type MemoryServerOptions = { readonly clock: Clock; readonly admission?: Admission };

const copied = (object: KubeObject): KubeObject => asSent(object as unknown as JsonObject) as unknown as KubeObject;

export class MemoryServer {
  readonly clock: Clock;
  admission: Admission | undefined;
  readonly #objects = new StoredObjects();
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  #version = 0;
  #uids = 0;

  constructor({ clock, admission }: MemoryServerOptions) {
    this.clock = clock;
    this.admission = admission;
  }

  /** Version of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Calls the listener for every change as it is stored. Returns a function that unsubscribes. */
  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  serves(gvk: Gvk): boolean {
    return this.#traits(gvk) !== undefined;
  }

  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined {
    return this.#objects.get(ref) as T | undefined;
  }

  /** In the order in which they were created. */
  list<T extends KubeObject>(gvk: Gvk<T>, namespace?: string): readonly T[] {
    return this.#objects.list(gvk, namespace) as readonly T[];
  }

  /** Those that have all these labels, in the order in which they were created. */
  select<T extends KubeObject>(gvk: Gvk<T>, namespace: string, labels: Labels): readonly T[] {
    return this.#objects.select(gvk, namespace, labels) as readonly T[];
  }

  /** Those that have this object among their owners, in the order in which they were created. */
  owned<T extends KubeObject>(gvk: Gvk<T>, uid: string): readonly T[] {
    return this.#objects.owned(gvk, uid) as readonly T[];
  }

  /** Every object there is, of whatever kind, in a namespace when one is given; kind by kind. */
  everything(namespace?: string): readonly StoredObject[] {
    return this.#objects.everything(namespace);
  }

  /** Objects of whatever kind that have this one among their owners; kind by kind. */
  dependents(uid: string): readonly StoredObject[] {
    return this.#objects.dependents(uid);
  }

  /** Those of the objects that are there; kind by kind. */
  withUids(uids: Iterable<string>): readonly StoredObject[] {
    return this.#objects.withUids(uids);
  }

  isThere(uid: string): boolean {
    return this.#objects.isThere(uid);
  }

  /** The object there; throws a ClusterError of `what` where the kind is not served or the object is not there. */
  find<T extends KubeObject>(ref: ObjectRef<T>, what: string): T {
    if (!this.serves(ref.gvk)) throw notServed(what);
    const stored = this.get(ref);
    if (stored === undefined) throw notFound(what, ref);
    return stored;
  }

  create<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>, author: Author): T {
    const ref = refOf(gvk, object);
    const what = `create ${refText(ref)}`;
    const traits = this.#traits(gvk);
    if (traits === undefined) throw notServed(what);
    this.#mustHaveRoom(ref, what);
    if (this.get(ref) !== undefined) throw alreadyExists(what, ref);
    this.#uids += 1;
    const birth = { uid: `00000000-0000-4000-8000-${String(this.#uids).padStart(12, '0')}`, at: this.#seconds() };
    const sent = born(copied(object), traits, birth);
    const admitted = this.#admit({ operation: 'CREATE', ref, author, object: sent });
    const problem = problemOf(admitted);
    if (problem !== undefined) throw invalid(what, ref, problem);
    return this.#put(gvk, born(admitted, traits, birth));
  }

  replace<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>, author: Author): T {
    const ref = refOf(gvk, object);
    const what = `replace ${refText(ref)}`;
    const stored = this.find(ref, what);
    const { uid, resourceVersion } = object.metadata;
    if (uid !== undefined && uid !== stored.metadata.uid) throw anotherUid(what, uid, stored.metadata.uid ?? '');
    this.#mustBe(stored, resourceVersion, { ref, what });
    return this.#rewrite({ ref, what, author, stored }, copied(object), undefined);
  }

  patch<T extends KubeObject>(
    ref: ObjectRef<T>,
    patch: Patch,
    { subresource, resourceVersion }: WriteOptions,
    author: Author,
  ): T {
    const what = `patch ${refText(ref)}${subresource === undefined ? '' : ` ${subresource}`}`;
    const stored = this.find(ref, what);
    if (patch.type === 'strategic' && this.#traits(ref.gvk)?.custom === true)
      throw invalid(what, ref, 'the body of the request was in an unknown format');
    this.#mustBe(stored, resourceVersion, { ref, what });
    const sent = copied(this.#patched(stored, patch, what));
    this.#mustBe(stored, sent.metadata.resourceVersion, { ref, what });
    return this.#rewrite({ ref, what, author, stored }, sent, subresource === 'status' ? subresource : undefined);
  }

  /** True if the object is removed at once. A namespace, or an object that waits for its dependents, is removed later. */
  remove(ref: ObjectRef, { uid, propagation = 'Background' }: Removal, author: Author): boolean {
    const what = `remove ${refText(ref)}`;
    const stored = this.find(ref, what);
    const found = stored.metadata.uid ?? '';
    if (uid !== undefined && uid !== found) throw anotherUid(what, uid, found);
    this.#admit({ operation: 'DELETE', ref, author, oldObject: stored });
    if (kindKey(ref.gvk) === kindKey(kinds.namespace) || propagation === 'Foreground') {
      if (stored.metadata.deletionTimestamp === undefined)
        this.#put(ref.gvk, { ...stored, metadata: { ...stored.metadata, ...going(stored, this.#seconds()) } });
      return false;
    }
    if (propagation === 'Orphan') this.#orphan(found);
    this.purge(ref);
    return true;
  }

  /** Removes an object, even if it waits for its dependents. */
  purge(ref: ObjectRef): void {
    const stored = this.get(ref);
    if (stored === undefined) return;
    this.#objects.delete(ref);
    this.#version += 1;
    const last = { ...stored, metadata: { ...stored.metadata, resourceVersion: String(this.#version) } };
    this.#tell({ type: 'removed', gvk: ref.gvk, object: asStored(last), before: stored, version: this.#version });
    if (kindKey(ref.gvk) === kindKey(kinds.crd)) this.#withdraw(ref.name);
  }

  /** Removes owner references from an object. */
  disown(gvk: Gvk, object: KubeObject, uids: ReadonlySet<string>): void {
    const { ownerReferences = [], ...metadata } = object.metadata;
    const left = ownerReferences.filter(({ uid }) => !uids.has(uid));
    this.#put(gvk, { ...object, metadata: left.length === 0 ? metadata : { ...metadata, ownerReferences: left } });
  }

  /** Removes the objects of a kind together with its CRD. */
  #withdraw(definition: string): void {
    for (const gvk of this.#objects.kinds())
      if (definitionName(gvk) === definition) for (const object of this.list(gvk)) this.purge(refOf(gvk, object));
  }

  #orphan(uid: string): void {
    for (const [gvk, object] of this.dependents(uid)) this.disown(gvk, object, new Set([uid]));
  }

  #traits(gvk: Gvk): KindTraits | undefined {
    return traitsOf(gvk, () => this.get({ gvk: kinds.crd, name: definitionName(gvk) }));
  }

  #mustHaveRoom(ref: ObjectRef, what: string): void {
    if (!ref.gvk.namespaced) return;
    const namespace = this.get({ gvk: kinds.namespace, name: ref.namespace ?? '' });
    if (namespace === undefined) throw noNamespace(what, ref.namespace ?? '');
    if (namespace.metadata.deletionTimestamp !== undefined) throw beingTerminated(what, ref);
  }

  #mustBe(stored: KubeObject, version: string | undefined, { ref, what }: { ref: ObjectRef; what: string }): void {
    if (version !== undefined && version !== stored.metadata.resourceVersion) throw hasChanged(what, ref);
  }

  #patched(stored: KubeObject, patch: Patch, what: string): KubeObject {
    try {
      return patched(stored, patch) as unknown as KubeObject;
    } catch (error) {
      throw error instanceof PatchMisfit ? misfits(what, error) : error;
    }
  }

  #rewrite<T extends KubeObject>(
    write: {
      readonly ref: ObjectRef<T>;
      readonly what: string;
      readonly author: Author;
      readonly stored: T;
    },
    sent: KubeObject,
    subresource: 'status' | undefined,
  ): T {
    const { ref, what, author, stored } = write;
    const traits = this.#traits(ref.gvk);
    if (traits === undefined || (subresource === 'status' && !traits.status)) throw notServed(what);
    const next = rewritten(stored, sent, { traits, subresource });
    const review = { operation: 'UPDATE', ref, author, object: next, oldObject: stored } as const;
    const admitted = this.#admit(subresource === undefined ? review : { ...review, subresource });
    const settled = admitted === next ? next : rewritten(stored, admitted, { traits, subresource });
    const problem = problemOf(settled, stored);
    if (problem !== undefined) throw invalid(what, ref, problem);
    if (nothingKeeps(settled)) this.purge(ref);
    if (nothingKeeps(settled)) return settled as T;
    return sameObject(stored, settled) ? stored : this.#put(ref.gvk, settled);
  }

  #admit(review: Review): KubeObject {
    const admitted = this.admission?.(review) ?? review.object ?? review.oldObject;
    if (admitted === undefined) throw new Error(`admission was asked about nothing: ${refText(review.ref)}`);
    return admitted;
  }

  #put<T extends KubeObject>(gvk: Gvk<T>, object: KubeObject): T {
    this.#version += 1;
    const stored = asStored({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
    const before = this.#objects.put(gvk, stored);
    const change = { type: 'set', gvk, object: stored, version: this.#version } as const;
    this.#tell(before === undefined ? change : { ...change, before });
    return stored as KubeObject as T;
  }

  #tell(event: ServerEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Kubernetes counts in whole seconds. */
  #seconds(): string {
    return toRfc3339(this.clock.now()).replace(/\.\d+Z$/, 'Z');
  }
}

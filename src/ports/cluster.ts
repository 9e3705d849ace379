/** What the controller needs of a Kubernetes API server: reads from a watch-fed cache, and guarded writes. */
import type { JsonPatchOp } from '../values/json-pointer.ts';
import type { Gvk, JsonObject, KubeObject, Labels, ObjectRef } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';

export type Patch =
  | { readonly type: 'merge'; readonly body: JsonObject }
  /** Strategic merge: built-in kinds only. Needed where a list is merged by key, such as conditions. */
  | { readonly type: 'strategic'; readonly body: JsonObject }
  | { readonly type: 'json'; readonly body: readonly JsonPatchOp[] };

export type WriteOptions = {
  readonly subresource?: 'status' | 'scale';
  /** Refuse (reason `conflict`) unless the object still has this resourceVersion. */
  readonly resourceVersion?: string;
};

export type Propagation = 'Background' | 'Foreground';

export type ClusterErrorReason =
  | 'not-found'
  | 'already-exists'
  | 'conflict'
  | 'invalid'
  | 'forbidden'
  | 'gone'
  | 'throttled'
  | 'unreachable'
  | 'server';

/** Every rejection of the port. `passing` errors are worth a retry with back-off; the others need a new decision. */
export class ClusterError extends Error {
  readonly reason: ClusterErrorReason;
  readonly retryAfter: Milliseconds | undefined;
  /** Name of the object that is not there; `not-found` without it is about the kind. */
  readonly missing: string | undefined;
  constructor(
    reason: ClusterErrorReason,
    message: string,
    options?: { cause?: unknown; retryAfter?: Milliseconds; missing?: string },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClusterError';
    this.reason = reason;
    this.retryAfter = options?.retryAfter;
    this.missing = options?.missing;
  }
  get passing(): boolean {
    return ['conflict', 'throttled', 'unreachable', 'server', 'gone'].includes(this.reason);
  }
}

/** Reads: from the cache alone, never a request. Only kinds that are watched can be read. */
export interface ClusterView {
  get<T extends KubeObject>(ref: ObjectRef<T>): T | undefined;
  /** All cached objects of a kind, in a namespace when one is given. */
  list<T extends KubeObject>(gvk: Gvk<T>, namespace?: string): readonly T[];
  /** Whether the API server serves the kind and it is watched. Kinds of meshes that are not installed are not. */
  serves(gvk: Gvk): boolean;
}

/** Writes and the rare live read. All reject with ClusterError only. Each returns the object as the API server stored it. */
export interface ClusterWriter {
  create<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T>;
  patch<T extends KubeObject>(ref: ObjectRef<T>, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Full replacement guarded by `object.metadata.resourceVersion`. */
  replace<T extends KubeObject>(object: KubeObject, gvk: Gvk<T>): Promise<T>;
  /**
   * Guarded by uid when given. A missing object is not an error. Resolves with whether there was one to remove: a
   * removal that finds nothing has changed nothing. `Foreground`: the object stays, marked as going, until everything
   * that it owns is gone.
   */
  remove(ref: ObjectRef, uid?: string, propagation?: Propagation): Promise<boolean>;
  /** One live GET or LIST past the cache, for kinds too big to watch (pods, ReplicaSets) at moments that are rare. */
  fetch<T extends KubeObject>(ref: ObjectRef<T>): Promise<T | undefined>;
  fetchList<T extends KubeObject>(gvk: Gvk<T>, namespace: string, labels: Labels): Promise<readonly T[]>;
}

/** A change seen by a watch. `object` is the new state, or the last known one for `removed`. */
export type ClusterChange = {
  readonly type: 'set' | 'removed';
  readonly gvk: Gvk;
  readonly object: KubeObject;
  readonly before?: KubeObject;
};

export interface Cluster extends ClusterView, ClusterWriter {
  onChange(listener: (change: ClusterChange) => void): void;
  /** Called when a kind that was not served is, with its objects in the cache, and when one that was is no more. */
  onServed(listener: (gvk: Gvk) => void): void;
}

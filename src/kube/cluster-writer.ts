/** The cluster port's writes and live reads. Every result is passed to `seen` before it is returned. */
import {
  apiVersionOf,
  gvk,
  type Gvk,
  type Json,
  type JsonObject,
  type KubeObject,
  type Labels,
  type ObjectRef,
} from '../values/kube-object.ts';
import { ClusterError, type ClusterWriter, type Patch, type Propagation, type WriteOptions } from '../ports/cluster.ts';
import { collectionPath, objectPath, refText, resourceName } from './api-path.ts';
import type { Api, ApiCall } from './api.ts';
import { labelQuery } from '../values/label-selector.ts';
import { asObject, listPages } from './list-pages.ts';
import { dropManagedFields } from './trim.ts';

export type Seen = {
  /** The object as the API server stored it. */
  written(gvk: Gvk, object: KubeObject): void;
  gone(ref: ObjectRef, uid: string): void;
  /** Uid of the object that the cache has under this name, where there is a cache. */
  known?(ref: ObjectRef): string | undefined;
};

export type WriterOptions = { readonly api: Api; readonly fieldManager: string; readonly seen: Seen };

const contentTypes: Readonly<Record<Patch['type'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

/**
 * Adds a resourceVersion to the patch, so that the API server answers with a conflict if another write came first. In a
 * JSON patch it is a `replace` operation, because a failing `test` is answered as an invalid request.
 */
const patchBody = (patch: Patch, version: string | undefined): Json => {
  if (version === undefined) return patch.body;
  if (patch.type === 'json')
    return [{ op: 'replace', path: '/metadata/resourceVersion', value: version }, ...patch.body] as Json;
  const metadata = patch.body['metadata'] as JsonObject | undefined;
  return { ...patch.body, metadata: { ...metadata, resourceVersion: version } };
};

const refOf = (object: KubeObject, kind: Gvk): ObjectRef => {
  const { namespace, name } = object.metadata;
  return { gvk: kind, name, ...(namespace !== undefined && { namespace }) };
};

const SCALE = gvk('autoscaling/v1', 'Scale', 'scales');

/**
 * kube-apiserver's whole message for a JSON patch whose `test` fails or whose path is missing. Invalid objects never
 * get it.
 */
const DOES_NOT_FIT = 'the server rejected our request due to an error in our request';

/** A JSON patch that does not apply was computed from an older state of the object, so it counts as a conflict. */
const asMisfit = (error: unknown, what: string): unknown =>
  error instanceof ClusterError && error.reason === 'invalid' && error.message.includes(DOES_NOT_FIT)
    ? new ClusterError('conflict', `${what}: the patch does not fit the object as it is now`, { cause: error })
    : error;

const isNotFound = (error: unknown): boolean => error instanceof ClusterError && error.reason === 'not-found';

/** Not where the kind, or a subresource of it, is what is not found. */
const isMissing = (error: unknown, { name }: ObjectRef): boolean =>
  error instanceof ClusterError && error.reason === 'not-found' && error.missing === name;

class Writer implements ClusterWriter {
  readonly #api: Api;
  readonly #query: { readonly fieldManager: string };
  readonly #seen: Seen;

  constructor({ api, fieldManager, seen }: WriterOptions) {
    this.#api = api;
    this.#query = { fieldManager };
    this.#seen = seen;
  }

  create<T extends KubeObject>(object: KubeObject, kind: Gvk<T>): Promise<T> {
    const path = collectionPath(kind, object.metadata.namespace);
    const what = `create ${refText(refOf(object, kind))}`;
    return this.#write(kind, { method: 'POST', path, what, query: this.#query, body: typed(object, kind) });
  }

  async patch<T extends KubeObject>(ref: ObjectRef<T>, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const { subresource, resourceVersion } = options;
    const call: ApiCall = {
      method: 'PATCH',
      path: objectPath(ref, subresource),
      what: `patch ${refText(ref)}${subresource === undefined ? '' : ` ${subresource}`}`,
      query: this.#query,
      contentType: contentTypes[patch.type],
      body: patchBody(patch, resourceVersion),
    };
    // The response is a Scale, not the object; the watch delivers the changed object.
    if (subresource === 'scale') return asObject(await this.#api.request(call), SCALE) as T;
    try {
      return await this.#about(ref, () => this.#write(ref.gvk, call));
    } catch (error) {
      throw patch.type === 'json' ? asMisfit(error, call.what) : error;
    }
  }

  async replace<T extends KubeObject>(object: KubeObject, kind: Gvk<T>): Promise<T> {
    const ref = refOf(object, kind);
    if (object.metadata.resourceVersion === undefined)
      throw new ClusterError('invalid', `replace ${refText(ref)}: the object has no resourceVersion to guard it`);
    const call = {
      path: objectPath(ref),
      what: `replace ${refText(ref)}`,
      query: this.#query,
      body: typed(object, kind),
    };
    return this.#about(ref, () => this.#write(kind, { method: 'PUT', ...call }));
  }

  async remove(ref: ObjectRef, uid?: string, propagation: Propagation = 'Background'): Promise<boolean> {
    const body = { propagationPolicy: propagation, ...(uid !== undefined && { preconditions: { uid } }) };
    try {
      const what = `remove ${refText(ref)}`;
      const call = { method: 'DELETE', path: objectPath(ref), what, body } as const;
      const answer = await this.#about(ref, () => this.#api.request(call));
      this.#afterRemove(ref, answer);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!(uid !== undefined && error instanceof ClusterError && error.reason === 'conflict')) throw error;
      // A conflict means that the uid differs: the object is gone and another one has its name.
      const live = await this.fetch(ref);
      if (live?.metadata.uid === uid) throw error;
      return false;
    }
  }

  async fetch<T extends KubeObject>(ref: ObjectRef<T>): Promise<T | undefined> {
    try {
      const call = { method: 'GET', path: objectPath(ref), what: `get ${refText(ref)}` } as const;
      return await this.#about(ref, () => this.#write(ref.gvk, call));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async fetchList<T extends KubeObject>(kind: Gvk<T>, namespace: string, labels: Labels): Promise<readonly T[]> {
    const labelSelector = labelQuery(labels);
    const { objects } = await listPages(this.#api, {
      path: collectionPath(kind, namespace),
      what: `list ${resourceName(kind)} in ${namespace}`,
      query: { ...(labelSelector !== '' && { labelSelector }) },
      gvk: kind,
      trim: dropManagedFields,
    });
    return objects as readonly T[];
  }

  /**
   * A request about an object: when the API server does not find it, the cache learns that what it had is gone. Without
   * this, a cache whose watch lags behind would make callers send the same request again and again.
   */
  async #about<T>(ref: ObjectRef, request: () => Promise<T>): Promise<T> {
    const known = this.#seen.known?.(ref);
    try {
      return await request();
    } catch (error) {
      if (isMissing(error, ref) && known !== undefined) this.#seen.gone(ref, known);
      throw error;
    }
  }

  async #write<T extends KubeObject>(kind: Gvk<T>, call: ApiCall): Promise<T> {
    const object = dropManagedFields(asObject(await this.#api.request(call), kind));
    this.#seen.written(kind, object);
    return object as T;
  }

  /** The response is a Status that identifies the deleted object, or the object itself while a finalizer keeps it. */
  #afterRemove(ref: ObjectRef, answer: JsonObject): void {
    if (answer['kind'] !== 'Status') {
      const object = dropManagedFields(asObject(answer, ref.gvk));
      if (object.metadata.deletionTimestamp !== undefined) this.#seen.written(ref.gvk, object);
      return;
    }
    const uid = (answer['details'] as { readonly uid?: Json } | undefined)?.uid;
    if (typeof uid === 'string') this.#seen.gone(ref, uid);
  }
}

const typed = (object: KubeObject, kind: Gvk): Json => ({ ...object, apiVersion: apiVersionOf(kind), kind: kind.kind });

export const clusterWriter = (options: WriterOptions): ClusterWriter => new Writer(options);

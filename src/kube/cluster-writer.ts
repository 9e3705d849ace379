/** The writing half of the cluster port, and its rare live reads. Every answer is handed to `seen` before it is returned. */
import {
  apiVersionOf,
  type Gvk,
  type Json,
  type JsonObject,
  type KubeObject,
  type Labels,
  type ObjectRef,
} from '../values/kube-object.ts';
import { ClusterError, type ClusterWriter, type Patch, type WriteOptions } from '../ports/cluster.ts';
import { collectionPath, objectPath, refText, resourceName } from './api-path.ts';
import type { Api, ApiCall } from './api.ts';
import { labelQuery } from '../values/label-selector.ts';
import { asObject, listPages } from './list-pages.ts';
import { dropManagedFields } from './trim.ts';

export type Seen = {
  /** The object as the API server stored it. */
  written(gvk: Gvk, object: KubeObject): void;
  gone(ref: ObjectRef, uid: string): void;
};

export type WriterOptions = { readonly api: Api; readonly fieldManager: string; readonly seen: Seen };

const contentTypes: Readonly<Record<Patch['type'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

/**
 * A resourceVersion inside the patched object makes the API server refuse the write with a conflict when another one came in
 * between. In a JSON patch it is a `replace`: a failing `test` would be answered as an invalid request.
 */
const patchBody = (patch: Patch, version: string | undefined): Json => {
  if (version === undefined) return patch.body;
  if (patch.type === 'json')
    return [{ op: 'replace', path: '/metadata/resourceVersion', value: version }, ...patch.body] as Json;
  const metadata = patch.body['metadata'] as JsonObject | undefined;
  return { ...patch.body, metadata: { ...metadata, resourceVersion: version } };
};

const refOf = (object: KubeObject, gvk: Gvk): ObjectRef => {
  const { namespace, name } = object.metadata;
  return { gvk, name, ...(namespace !== undefined && { namespace }) };
};

/** All that kube-apiserver says of a JSON patch whose `test` fails or whose path is not there; never said of invalid objects. */
const DOES_NOT_FIT = 'the server rejected our request due to an error in our request';

/** A JSON patch that does not fit was made for an object that looked different: somebody else has changed it. */
const asMisfit = (error: unknown, what: string): unknown =>
  error instanceof ClusterError && error.reason === 'invalid' && error.message.includes(DOES_NOT_FIT)
    ? new ClusterError('conflict', `${what}: the patch does not fit the object as it is now`, { cause: error })
    : error;

const isNotFound = (error: unknown): boolean => error instanceof ClusterError && error.reason === 'not-found';

class Writer implements ClusterWriter {
  readonly #api: Api;
  readonly #query: { readonly fieldManager: string };
  readonly #seen: Seen;

  constructor({ api, fieldManager, seen }: WriterOptions) {
    this.#api = api;
    this.#query = { fieldManager };
    this.#seen = seen;
  }

  create(object: KubeObject, gvk: Gvk): Promise<KubeObject> {
    const path = collectionPath(gvk, object.metadata.namespace);
    const what = `create ${refText(refOf(object, gvk))}`;
    return this.#write(gvk, { method: 'POST', path, what, query: this.#query, body: typed(object, gvk) });
  }

  async patch(ref: ObjectRef, patch: Patch, options: WriteOptions = {}): Promise<KubeObject> {
    const { subresource, resourceVersion } = options;
    const call: ApiCall = {
      method: 'PATCH',
      path: objectPath(ref, subresource),
      what: `patch ${refText(ref)}${subresource === undefined ? '' : ` ${subresource}`}`,
      query: this.#query,
      contentType: contentTypes[patch.type],
      body: patchBody(patch, resourceVersion),
    };
    // What is answered here is a Scale, not the object: the watch brings that.
    if (subresource === 'scale') return (await this.#api.request(call)) as unknown as KubeObject;
    try {
      return await this.#write(ref.gvk, call);
    } catch (error) {
      throw patch.type === 'json' ? asMisfit(error, call.what) : error;
    }
  }

  async replace(object: KubeObject, gvk: Gvk): Promise<KubeObject> {
    const ref = refOf(object, gvk);
    if (object.metadata.resourceVersion === undefined)
      throw new ClusterError('invalid', `replace ${refText(ref)}: the object has no resourceVersion to guard it`);
    const call = {
      path: objectPath(ref),
      what: `replace ${refText(ref)}`,
      query: this.#query,
      body: typed(object, gvk),
    };
    return this.#write(gvk, { method: 'PUT', ...call });
  }

  async remove(ref: ObjectRef, uid?: string): Promise<void> {
    const body = { propagationPolicy: 'Background', ...(uid !== undefined && { preconditions: { uid } }) };
    try {
      const what = `remove ${refText(ref)}`;
      const answer = await this.#api.request({ method: 'DELETE', path: objectPath(ref), what, body });
      this.#afterRemove(ref, answer);
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(uid !== undefined && error instanceof ClusterError && error.reason === 'conflict')) throw error;
      // Another object has taken the name: the one that was meant is gone.
      const live = await this.fetch(ref);
      if (live?.metadata.uid === uid) throw error;
    }
  }

  async fetch(ref: ObjectRef): Promise<KubeObject | undefined> {
    try {
      return await this.#write(ref.gvk, { method: 'GET', path: objectPath(ref), what: `get ${refText(ref)}` });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async fetchList(gvk: Gvk, namespace: string, labels: Labels): Promise<readonly KubeObject[]> {
    const labelSelector = labelQuery(labels);
    const { objects } = await listPages(this.#api, {
      path: collectionPath(gvk, namespace),
      what: `list ${resourceName(gvk)} in ${namespace}`,
      query: { ...(labelSelector !== '' && { labelSelector }) },
      gvk,
      trim: dropManagedFields,
    });
    return objects;
  }

  async #write(gvk: Gvk, call: ApiCall): Promise<KubeObject> {
    const object = dropManagedFields(asObject(await this.#api.request(call), gvk));
    this.#seen.written(gvk, object);
    return object;
  }

  /** Either a Status that names what is gone, or the object itself when something (a finalizer) still keeps it. */
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

const typed = (object: KubeObject, gvk: Gvk): Json => ({ ...object, apiVersion: apiVersionOf(gvk), kind: gvk.kind });

export const clusterWriter = (options: WriterOptions): ClusterWriter => new Writer(options);

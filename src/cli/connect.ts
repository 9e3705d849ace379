/** Implements the plugin's client on the thin Kubernetes API client. */
import type { Gvk, JsonObject, KubeObject, ObjectRef } from '../values/kube-object.ts';
import type { Api, WatchEvent } from '../kube/api.ts';
import { collectionPath, objectPath, refText, resourceName } from '../kube/api-path.ts';
import { ClusterError } from '../ports/cluster.ts';
import { fieldManager } from '../schema/names.ts';
import { channel } from './channel.ts';
import type { AnnotationChanges, ClusterClient } from './session.ts';

type List = { readonly metadata: { readonly resourceVersion?: string }; readonly items: readonly KubeObject[] };

/** Limits each watch, so that a dead connection is noticed. */
const watchSeconds = '300';

/** Items of a List have neither kind nor apiVersion. */
const asItem = (gvk: Gvk, item: KubeObject): KubeObject => ({
  ...item,
  apiVersion: gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`,
  kind: gvk.kind,
});

const missingIsUndefined = (error: unknown): undefined => {
  if (error instanceof ClusterError && error.reason === 'not-found') return undefined;
  throw error;
};

/** The API server reports a wrong uid as a change to an immutable field. */
const asAnother = (error: unknown, what: string): unknown =>
  error instanceof ClusterError && error.reason === 'invalid' && error.message.includes('metadata.uid')
    ? new ClusterError('conflict', `${what}: another object has that name by now`, { cause: error })
    : error;

async function* observe(api: Api, ref: ObjectRef, signal: AbortSignal): AsyncGenerator<KubeObject | undefined> {
  const path = collectionPath(ref.gvk, ref.namespace);
  const what = `watch ${refText(ref)}`;
  const query = { fieldSelector: `metadata.name=${ref.name}` };
  const list = (await api.request({ method: 'GET', path, what, query })) as unknown as List;
  const [item] = list.items;
  yield item === undefined ? undefined : asItem(ref.gvk, item);
  const events = channel<WatchEvent>();
  const stop = new AbortController();
  const { resourceVersion } = list.metadata;
  const watch = { ...query, watch: 'true', resourceVersion, timeoutSeconds: watchSeconds };
  api
    .watch({ path, what, query: watch }, events.push, AbortSignal.any([signal, stop.signal]))
    .then(events.end, events.fail);
  try {
    for await (const { type, object } of events.values) yield type === 'DELETED' ? undefined : (object as KubeObject);
  } finally {
    stop.abort();
  }
}

/** Sends nothing before the first call. */
export const clusterClient = (api: Api): ClusterClient => ({
  get: (ref) =>
    api
      .request({ method: 'GET', path: objectPath(ref), what: `get ${refText(ref)}` })
      .then((object: JsonObject) => object as KubeObject, missingIsUndefined),
  list: async (gvk, namespace) => {
    const what = `list ${resourceName(gvk)}`;
    const list = await api.request({ method: 'GET', path: collectionPath(gvk, namespace), what });
    return (list as unknown as List).items.map((item) => asItem(gvk, item));
  },
  annotate: async (ref: ObjectRef, annotations: AnnotationChanges, uid?: string) => {
    const call = {
      method: 'PATCH',
      path: objectPath(ref),
      what: `annotate ${refText(ref)}`,
      query: { fieldManager: `kubectl-${fieldManager}` },
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations, ...(uid === undefined ? {} : { uid }) } },
    } as const;
    const object = await api.request(call).catch((error: unknown) => {
      throw asAnother(error, call.what);
    });
    return object as KubeObject;
  },
  observe: (ref, signal) => observe(api, ref, signal),
});

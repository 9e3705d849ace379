import { ApiError } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { Pod, PodId } from './kube-types.ts';
import { withRetry } from './retry.ts';

function podPath(id: PodId): string {
  return `/api/v1/namespaces/${id.namespace}/pods/${id.name}`;
}

/** Binds a pod to a node. A pod that is gone or already bound is not an error. */
export async function bindPod(api: ApiClient, id: PodId, nodeName: string): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: id.name, namespace: id.namespace, uid: id.uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  };
  await unlessGone(() => api.request({ method: 'POST', path: `${podPath(id)}/binding`, body }));
}

/** Updates a pod's status by strategic merge, which keeps other writers' conditions. Undefined if the pod is gone. */
export async function patchPodStatus(api: ApiClient, id: PodId, status: object): Promise<Pod | undefined> {
  const call = {
    method: 'PATCH',
    path: `${podPath(id)}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { metadata: { uid: id.uid }, status },
  };
  // A 409 usually means another uid, but the server also answers it after too many races with other writers.
  for (let conflicts = 0; conflicts < 3; conflicts++) {
    const patched = await unlessGone(() => api.request<Pod>(call));
    if (patched !== undefined) return patched;
  }
  return undefined;
}

/** Removes a terminated pod from the API server. */
export async function removePod(api: ApiClient, id: PodId): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: id.uid } };
  await unlessGone(() => api.request({ method: 'DELETE', path: podPath(id), body }));
}

// A 409 means that another pod has the name now (uid precondition) or that the pod is already bound; in both cases it
// is no longer ours to change.
async function unlessGone<T>(send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await withRetry(send);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return undefined;
    throw error;
  }
}

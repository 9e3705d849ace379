import { arch, cpus, totalmem } from 'node:os';
import { ApiError } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { KubeObject, Labels } from './kube-types.ts';
import { instant } from './pod-status.ts';
import { withRetry } from './retry.ts';

// Far more than any test starts: the cluster's only node must never be the limit.
const PODS = '20000';

interface NodeObject extends KubeObject {
  readonly spec?: { readonly taints?: readonly object[] };
}

/** Creates or adopts the Node object and makes it Ready. Waits for the API server. Resolves to the node's labels. */
export async function registerNode(api: ApiClient, name: string, address: string): Promise<Labels> {
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': architecture };
  const body = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  const path = `/api/v1/nodes/${name}`;
  const node = await withRetry(() => createOrGet(api, path, body));
  const merge = 'application/merge-patch+json';
  await withRetry(() =>
    api.request({ method: 'PATCH', path: `${path}/status`, contentType: merge, body: nodeStatus(name, address) }),
  );
  // The API server taints new nodes as not ready, and the controller that removes the taint does not run here.
  const taints = { spec: { taints: null } };
  if ((node.spec?.taints ?? []).length > 0) {
    await withRetry(() => api.request({ method: 'PATCH', path, contentType: merge, body: taints }));
  }
  return { ...labels, ...node.metadata.labels };
}

async function createOrGet(api: ApiClient, path: string, body: object): Promise<NodeObject> {
  try {
    return await api.request<NodeObject>({ method: 'POST', path: '/api/v1/nodes', body });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    return await api.request<NodeObject>({ path });
  }
}

function nodeStatus(name: string, address: string): object {
  const resources = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: PODS };
  const now = instant(Date.now());
  return {
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'the kubelet stand-in is running',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: { kubeletVersion: 'v1.36.3', operatingSystem: 'linux', architecture: arch() },
    },
  };
}

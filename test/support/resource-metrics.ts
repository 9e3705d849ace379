/**
 * The resource metrics API (metrics.k8s.io) of a test cluster, served by the test itself behind the API server's aggregation
 * layer: what the HorizontalPodAutoscaler controller reads is what the test says. There is one for a whole cluster, so the
 * cluster has to be the test's own.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueServing, makeAuthority } from '../../src/certs/authority.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { inTime } from '../cluster/in-time.ts';
import { CONTROL_PLANE_ADDRESS } from '../cluster/namespace.ts';
import type { Stage } from './stage.ts';

/** Millicores that a pod uses now; undefined for a pod without metrics. */
export type Usage = (pod: KubeObject) => number | undefined;

export type ResourceMetrics = {
  /** Answers to questions about pods so far. */
  asked(): number;
  stop(): Promise<void>;
};

const name = 'resource-metrics';
const groupVersion = 'metrics.k8s.io/v1beta1';
const root = `/apis/${groupVersion}`;
/** The controller leaves out pods that have been ready for less than this. */
const window = '5s';

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }],
};

const podMetrics = (pod: KubeObject, millicores: number): object => ({
  metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, labels: pod.metadata.labels },
  timestamp: new Date().toISOString(),
  window,
  containers: [{ name: 'app', usage: { cpu: `${Math.round(millicores * 1000)}u`, memory: '10Mi' } }],
});

const wantedLabels = (selector: string): readonly (readonly string[])[] =>
  selector
    .split(',')
    .filter(Boolean)
    .map((term) => term.split('='));

const podsOf = (stage: Stage, selector: string): readonly KubeObject[] =>
  stage.view
    .list(kinds.pod, stage.namespace)
    .filter(({ metadata }) => wantedLabels(selector).every(([key = '', value]) => metadata.labels?.[key] === value));

const list = (stage: Stage, usage: Usage, selector: string): object => ({
  kind: 'PodMetricsList',
  apiVersion: groupVersion,
  metadata: {},
  items: podsOf(stage, selector).flatMap((pod) => {
    const millicores = usage(pod);
    return millicores === undefined ? [] : [podMetrics(pod, millicores)];
  }),
});

/** A certificate for the Service, and who vouches for it. */
const certificateFor = async (namespace: string) => {
  const [authorityKey, key] = [await newPrivateKey(), await newPrivateKey()];
  const validity = { now: Date.now(), days: 1 };
  const authority = makeAuthority({ key: authorityKey, ...validity });
  const serving = issueServing({ key, authority, dnsNames: [`${name}.${namespace}.svc`], ips: [], ...validity });
  return { authority, serving };
};

const listening = async (server: Server): Promise<number> => {
  server.listen(0, CONTROL_PLANE_ADDRESS);
  await inTime('the metrics server to listen', once(server, 'listening'));
  return (server.address() as AddressInfo).port;
};

const registration = (namespace: string, port: number, ca: string): readonly object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [CONTROL_PLANE_ADDRESS], conditions: { ready: true } }],
  },
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(ca).toString('base64'),
      service: { name, namespace, port: 443 },
    },
  },
];

/** Resolves when the API server answers for it. */
export const serveResourceMetrics = async (stage: Stage, usage: Usage): Promise<ResourceMetrics> => {
  const { authority, serving } = await certificateFor(stage.namespace);
  let asked = 0;
  const answer = ({ url = '' }: IncomingMessage): object | undefined => {
    const { pathname, searchParams } = new URL(url, 'https://localhost');
    if (pathname === root) return resources;
    if (pathname !== `${root}/namespaces/${stage.namespace}/pods`) return undefined;
    asked += 1;
    return list(stage, usage, searchParams.get('labelSelector') ?? '');
  };
  const server = createServer(serving, (request, response) => {
    const body = answer(request);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  await stage.apply(...registration(stage.namespace, await listening(server), authority.cert));
  await stage.kubectlOk('wait', '--for=condition=Available', 'apiservice/v1beta1.metrics.k8s.io', '--timeout=60s');
  return {
    asked: () => asked,
    // An API without its server would keep namespaces from being deleted.
    stop: async () => {
      await stage.kubectlOk('delete', 'apiservice', 'v1beta1.metrics.k8s.io');
      server.closeAllConnections();
      server.close();
    },
  };
};

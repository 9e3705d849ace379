/** Publishes the pods that Services select, in one EndpointSlice for each Service. */
import { gvk, type KubeObject, type Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { selects } from '../values/label-selector.ts';
import { controlLoop, unlessRefused, type ControlLoop } from './control-loop.ts';
import type { Author, MemoryServer } from './memory-server.ts';
import { isOwnedBy, ownerOf } from './owned-sets.ts';
import { sameJson } from '../values/same-json.ts';
import { addressOf, isReady } from './pods.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:serviceaccount:kube-system:endpointslice-controller' };

const watched: ReadonlySet<string> = new Set(['Service', 'Pod', 'EndpointSlice']);

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready: boolean };
  readonly targetRef: { readonly kind: 'Pod'; readonly name: string };
};
type Slice = KubeObject & { readonly endpoints?: readonly Endpoint[] };
const slices = gvk<Slice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');

export const endpointController = (server: MemoryServer): ControlLoop =>
  controlLoop(server, {
    concerns: ({ object }) => watched.has(object.kind),
    work: () => {
      for (const service of server.list(kinds.service)) unlessRefused(() => publish(server, service));
    },
  });

/** Ready endpoints of a Service, as published. */
export const readyEndpoints = (server: MemoryServer, namespace: string, service: string): readonly Endpoint[] => {
  const found = server.get({ gvk: kinds.service, namespace, name: service });
  const published = server.list(slices, namespace);
  return published
    .filter((slice) => found !== undefined && isOwnedBy(slice, found.metadata.uid))
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions.ready);
};

const publish = (server: MemoryServer, object: Service): void => {
  const { selector = {} } = object.spec;
  if (Object.keys(selector).length === 0) return;
  const wanted = sliceOf(object, endpointsOf(server, object, selector));
  const stored = server.get(refOf(slices, wanted));
  if (stored === undefined) {
    server.create(wanted, slices, author);
    return;
  }
  const next = { ...wanted, metadata: { ...stored.metadata, labels: wanted.metadata.labels ?? {} } };
  if (isOwnedBy(stored, object.metadata.uid) && !sameJson(stored, next)) server.replace(next, slices, author);
};

const endpointsOf = (server: MemoryServer, { metadata }: KubeObject, matchLabels: Readonly<Record<string, string>>) =>
  server.list(kinds.pod, metadata.namespace).flatMap((pod): Endpoint[] => {
    const address = addressOf(pod);
    if (address === undefined || !selects({ matchLabels }, pod.metadata.labels)) return [];
    const targetRef = { kind: 'Pod', name: pod.metadata.name } as const;
    return [{ addresses: [address], conditions: { ready: isReady(pod) }, targetRef }];
  });

const sliceOf = ({ metadata }: KubeObject, endpoints: readonly Endpoint[]): Slice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${metadata.name}-endpoints`,
    namespace: metadata.namespace ?? '',
    labels: {
      ...metadata.labels,
      'kubernetes.io/service-name': metadata.name,
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    },
    ownerReferences: [ownerOf('v1', 'Service', metadata)],
  },
  endpoints,
});

/** The EndpointSlice controller: publishes the pods that Services select, in one slice per Service. */
import { gvk, isA, type KubeObject, type Labels, type Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { selects } from '../values/label-selector.ts';
import type { ControlLoop } from './control-loop.ts';
import { keyedLoop, type LoopKey } from './keyed-loop.ts';
import type { Author, MemoryServer, ServerEvent } from './memory-server.ts';
import { isOwnedBy, ownerOf } from './owned-sets.ts';
import { sameJson } from '../values/same-json.ts';
import { addressOf, isReady } from './pods.ts';
import { refOf } from './write-rules.ts';

const author: Author = { user: 'system:serviceaccount:kube-system:endpointslice-controller' };

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready: boolean };
  readonly targetRef: { readonly kind: 'Pod'; readonly name: string };
};
type Slice = KubeObject & { readonly endpoints?: readonly Endpoint[] };
const slices = gvk<Slice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');

const suffix = '-endpoints';

export const endpointController = (server: MemoryServer): ControlLoop => {
  const selectors = new SelectorIndex();
  for (const service of server.list(kinds.service)) selectors.add(service);
  return keyedLoop(server, {
    gvk: kinds.service,
    concerned: (event) => {
      selectors.follow(event);
      return servicesIn(event, selectors);
    },
    work: (service) => publish(server, service),
  });
};

/** Services by a label that they select. */
class SelectorIndex {
  readonly #services = new Map<string, Map<string, Service>>();

  add(service: Service): void {
    const word = this.#wordOf(service);
    this.#services.set(
      word,
      (this.#services.get(word) ?? new Map<string, Service>()).set(service.metadata.name, service),
    );
  }

  follow({ type, object, before }: ServerEvent): void {
    if (before !== undefined && isA(before, kinds.service)) this.#remove(before);
    if (type === 'set' && isA(object, kinds.service)) this.add(object);
  }

  /** Services that select a pod. */
  selecting({ metadata: { namespace, labels = {} } }: KubeObject): readonly LoopKey[] {
    return Object.entries(labels).flatMap(([key, value]) =>
      [...(this.#services.get(wordOf(namespace, key, value))?.values() ?? [])]
        .filter(({ spec }) => selects({ matchLabels: spec.selector ?? {} }, labels))
        .map(({ metadata }) => metadata),
    );
  }

  #remove(service: Service): void {
    const word = this.#wordOf(service);
    const services = this.#services.get(word);
    services?.delete(service.metadata.name);
    if (services?.size === 0) this.#services.delete(word);
  }

  #wordOf({ metadata: { namespace }, spec: { selector = {} } }: Service): string {
    const [[key, value] = ['', '']] = Object.entries(selector);
    return wordOf(namespace, key, value);
  }
}

const wordOf = (namespace: string | undefined, key: string, value: string): string =>
  `${namespace ?? ''}/${key}=${value}`;

const servicesIn = ({ object, before }: ServerEvent, selectors: SelectorIndex): readonly LoopKey[] | undefined => {
  const { metadata } = object;
  if (object.kind === 'Service') return [metadata];
  if (object.kind === 'EndpointSlice')
    return metadata.name.endsWith(suffix) ? [{ ...metadata, name: metadata.name.slice(0, -suffix.length) }] : [];
  if (object.kind !== 'Pod') return undefined;
  return [...selectors.selecting(object), ...(before === undefined ? [] : selectors.selecting(before))];
};

/** Ready endpoints of a Service, as published. */
export const readyEndpoints = (server: MemoryServer, namespace: string, service: string): readonly Endpoint[] => {
  const found = server.get({ gvk: kinds.service, namespace, name: service });
  return server
    .owned(slices, found?.metadata.uid ?? '')
    .filter((slice) => isOwnedBy(slice, found?.metadata.uid))
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions.ready);
};

const publish = (server: MemoryServer, object: Service): void => {
  const { selector = {} } = object.spec;
  if (Object.keys(selector).length === 0) return;
  const wanted = sliceOf(object, endpointsOf(server, object, selector));
  let stored = server.get(refOf(slices, wanted));
  // As the real controller does it: what a Service of the same name has left is no slice of this one.
  if (stored !== undefined && !isOwnedBy(stored, object.metadata.uid)) {
    server.purge(refOf(slices, stored));
    stored = undefined;
  }
  if (stored === undefined) {
    server.create(wanted, slices, author);
    return;
  }
  const next = { ...wanted, metadata: { ...stored.metadata, labels: wanted.metadata.labels ?? {} } };
  if (!sameJson(stored, next)) server.replace(next, slices, author);
};

const endpointsOf = (server: MemoryServer, { metadata }: KubeObject, selector: Labels) =>
  server.select(kinds.pod, metadata.namespace ?? '', selector).flatMap((pod): Endpoint[] => {
    const address = addressOf(pod);
    if (address === undefined) return [];
    const targetRef = { kind: 'Pod', name: pod.metadata.name } as const;
    return [{ addresses: [address], conditions: { ready: isReady(pod) }, targetRef }];
  });

const sliceOf = ({ metadata }: KubeObject, endpoints: readonly Endpoint[]): Slice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${metadata.name}${suffix}`,
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

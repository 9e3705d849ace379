/**
 * Finds releases by their workload and by the Service whose traffic they split, and routes by the Services they are about,
 * without reading all of a namespace. It is fed by the watches; nothing in it is ever asked of the API server.
 */
import {
  isA,
  isSameKind,
  type EndpointSlice,
  type Gvk,
  type HorizontalPodAutoscaler,
  type KubeObject,
} from '../values/kube-object.ts';
import type { RouteFormat, ServiceName } from '../values/route-format.ts';
import { kinds } from '../schema/kinds.ts';
import type { Release } from '../schema/release.ts';
import { labels } from '../schema/names.ts';
import { isFinal } from '../core/release/state.ts';
import type { Cluster } from '../ports/cluster.ts';
import { objectIndex, type ObjectIndex } from './object-index.ts';

export type ReleaseIdentity = { readonly name: string; readonly uid: string };

export interface ReleaseIndex {
  /** Every Release of a workload, ended ones too. */
  ofWorkload(namespace: string, workload: string): readonly Release[];
  /** Releases under way. */
  open(namespace: string): readonly Release[];
  /** Releases under way that split the traffic of a Service. */
  onService(namespace: string, service: string): readonly Release[];
  /** Releases that have not begun: their Service, and whether its routes can be split, is still to be seen. */
  waiting(namespace: string): readonly Release[];
  /** Endpoints of what was made for a release. Those that a version of Sluice without uids has made go by its name alone. */
  slicesFor(namespace: string, release: ReleaseIdentity): readonly EndpointSlice[];
  /** What scales a Deployment by its load. */
  autoscalerOf(namespace: string, workload: string): HorizontalPodAutoscaler | undefined;
  /** Objects of a format's kind that are about a Service. */
  routesAbout(gvk: Gvk, service: ServiceName): readonly KubeObject[];
}

export const isOpen = ({ status }: Release): boolean => status === undefined || !isFinal(status.phase);

/** Nothing of it has been made yet. */
export const isWaiting = ({ status }: Release): boolean => (status?.phase ?? 'Pending') === 'Pending';

const key = (...parts: readonly string[]): string => parts.join('/');

const releaseKeys = (release: Release): readonly string[] => {
  const { namespace = '' } = release.metadata;
  const own = key('workload', namespace, release.spec.workload.name);
  if (!isOpen(release)) return [own];
  const { service } = release.status ?? {};
  return [
    own,
    key('open', namespace),
    ...(isWaiting(release) ? [key('waiting', namespace)] : []),
    ...(service === undefined ? [] : [key('service', namespace, service)]),
  ];
};

const serviceKey = ({ namespace, name }: ServiceName): string => key(namespace, name);

type Formats = readonly { readonly format: RouteFormat; readonly routes: ObjectIndex<KubeObject> }[];

const sliceKeys = ({ metadata }: EndpointSlice): readonly string[] => {
  const release = metadata.labels?.[labels.release];
  return release === undefined ? [] : [key(metadata.namespace ?? '', release)];
};

const autoscalerKeys = ({ metadata, spec: { scaleTargetRef } }: HorizontalPodAutoscaler): readonly string[] =>
  scaleTargetRef.kind === 'Deployment' ? [key(metadata.namespace ?? '', scaleTargetRef.name)] : [];

/** Tells the index what the cache of a kind holds by now, and everything that it comes to hold. */
const follow = <T extends KubeObject>(cluster: Cluster, gvk: Gvk<T>, index: ObjectIndex<T>): void => {
  cluster.onChange(({ type, object }) => {
    if (isA(object, gvk)) index.note({ type, object });
  });
  if (cluster.serves(gvk)) for (const object of cluster.list(gvk)) index.note({ type: 'set', object });
};

export const releaseIndex = (cluster: Cluster, formats: readonly RouteFormat[]): ReleaseIndex => {
  const releases = objectIndex<Release>(releaseKeys);
  const slices = objectIndex<EndpointSlice>(sliceKeys);
  const autoscalers = objectIndex(autoscalerKeys);
  const all: Formats = formats.map((format) => ({
    format,
    routes: objectIndex((object) => format.about(object).map(serviceKey)),
  }));
  follow(cluster, kinds.release, releases);
  follow(cluster, kinds.endpointSlice, slices);
  follow(cluster, kinds.autoscaler, autoscalers);
  for (const { format, routes } of all) follow(cluster, format.gvk, routes);
  return {
    ofWorkload: (namespace, workload) => releases.at(key('workload', namespace, workload)),
    open: (namespace) => releases.at(key('open', namespace)),
    onService: (namespace, service) => releases.at(key('service', namespace, service)),
    waiting: (namespace) => releases.at(key('waiting', namespace)),
    slicesFor: (namespace, { name, uid }) =>
      slices.at(key(namespace, name)).filter(({ metadata }) => (metadata.labels?.[labels.releaseUid] ?? uid) === uid),
    autoscalerOf: (namespace, workload) => autoscalers.at(key(namespace, workload))[0],
    routesAbout: (gvk, service) =>
      all.find(({ format }) => isSameKind(format.gvk, gvk))?.routes.at(serviceKey(service)) ?? [],
  };
};

/**
 * Finds releases by their workload and by the Service whose traffic they split, and routes by the Services they are about,
 * without reading all of a namespace. It is fed by the watches; nothing in it is ever asked of the API server.
 */
import { fits } from '../values/behind.ts';
import {
  isA,
  isSameKind,
  type Deployment,
  type EndpointSlice,
  type Gvk,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type Labels,
  type ObjectMeta,
} from '../values/kube-object.ts';
import type { Pod } from '../values/pod.ts';
import { anyName, concernedBy, type Concern, type ServiceName } from '../values/route-format.ts';
import { kinds } from '../schema/kinds.ts';
import type { Release } from '../schema/release.ts';
import { workloadAnnotation } from '../schema/annotations.ts';
import { isMade, labels } from '../schema/names.ts';
import { isFinal } from '../core/release/state.ts';
import type { Cluster } from '../ports/cluster.ts';
import { deploymentOf } from './canary-pod.ts';
import { objectIndex, type ObjectIndex } from './object-index.ts';
import { protectionIndex, type ProtectionIndex } from './protection-index.ts';

export type ReleaseIdentity = { readonly name: string; readonly uid: string };

export interface ReleaseIndex extends ProtectionIndex {
  /** Every Release of a workload, ended ones too. */
  ofWorkload(namespace: string, workload: string): readonly Release[];
  /** Releases under way. */
  open(namespace: string): readonly Release[];
  /** Releases under way that split the traffic of a Service. */
  onService(namespace: string, service: string): readonly Release[];
  /** Releases that have not begun: their Service, and whether its routes can be split, is still to be seen. */
  waiting(namespace: string): readonly Release[];
  /** Deployments, Services and routes that were made for releases of a workload. */
  madeFor(namespace: string, workload: string): readonly KubeObject[];
  /** Endpoints of what was made for a release. Those that a version of Sluice without uids has made go by its name alone. */
  slicesFor(namespace: string, release: ReleaseIdentity): readonly EndpointSlice[];
  /** What scales a Deployment by its load. */
  autoscalerOf(namespace: string, workload: string): HorizontalPodAutoscaler | undefined;
  /** Pods of a canary Deployment, those of an earlier one of the same name among them. */
  podsOf(namespace: string, canary: string): readonly Pod[];
  /** Endpoints of a Service. */
  slicesOf(namespace: string, service: string): readonly EndpointSlice[];
  /** Routes, and what is looked at beside them, of a kind that concern a Service, in whichever namespace. */
  routesAbout(gvk: Gvk, service: ServiceName): readonly KubeObject[];
  /** Deployments whose pods a Service with this selector selects, Sluice's own among them. */
  selectedBy(namespace: string, selector: Labels): readonly Deployment[];
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

type Concerns = readonly { readonly gvk: Gvk; readonly objects: ObjectIndex<KubeObject> }[];

/** Where what concerns a Service is found: under its name, and under wildcards. */
const concernKeys = ({ namespace, name }: ServiceName): readonly string[] => [
  serviceKey({ namespace, name }),
  serviceKey({ namespace, name: anyName }),
  serviceKey({ namespace: anyName, name: anyName }),
];

/** Of a Deployment: each label of its pods. */
const labelKeys = ({ metadata, spec }: Deployment): readonly string[] =>
  Object.entries(spec.template.metadata?.labels ?? {}).map((pair) => key(metadata.namespace ?? '', ...pair));

/** Name of the Service whose endpoints a slice has. */
export const serviceOfSlice = ({ labels: own }: ObjectMeta): string | undefined => own?.['kubernetes.io/service-name'];

const madeKeys = (object: KubeObject): readonly string[] => {
  const workload = isMade(object) ? object.metadata.annotations?.[workloadAnnotation] : undefined;
  return workload === undefined ? [] : [key(object.metadata.namespace ?? '', workload)];
};

const sliceKeys = ({ metadata }: EndpointSlice): readonly string[] => {
  const { namespace = '' } = metadata;
  const [release, service] = [metadata.labels?.[labels.release], serviceOfSlice(metadata)];
  return [
    ...(release === undefined ? [] : [key('release', namespace, release)]),
    ...(service === undefined ? [] : [key('service', namespace, service)]),
  ];
};

const autoscalerKeys = ({ metadata, spec: { scaleTargetRef } }: HorizontalPodAutoscaler): readonly string[] =>
  scaleTargetRef.kind === 'Deployment' ? [key(metadata.namespace ?? '', scaleTargetRef.name)] : [];
const podKeys = (pod: Pod): readonly string[] => {
  const canary = deploymentOf(pod);
  return canary === undefined ? [] : [key(pod.metadata.namespace ?? '', canary)];
};

/** Tells the index what the cache of a kind holds by now, and everything that it comes to hold. */
export const follow = <T extends KubeObject>(cluster: Cluster, gvk: Gvk<T>, index: ObjectIndex<T>): ObjectIndex<T> => {
  cluster.onChange(({ type, object }) => {
    if (isA(object, gvk)) index.note({ type, object });
  });
  if (cluster.serves(gvk)) for (const object of cluster.list(gvk)) index.note({ type: 'set', object });
  return index;
};

const selectedIn = (workloads: ObjectIndex<Deployment>, namespace: string, selector: Labels): readonly Deployment[] => {
  const [rarest = []] = Object.entries(selector)
    .map((pair) => workloads.at(key(namespace, ...pair)))
    .sort((a, b) => a.length - b.length);
  return rarest.filter(({ spec }) => fits(selector, spec.template.metadata?.labels ?? {}));
};

/** Deployments, Services and routes that were made for releases, by workload. */
const followMade = (cluster: Cluster, concerns: readonly Concern[]): ((key: string) => readonly KubeObject[]) => {
  const all = [kinds.deployment, kinds.service, ...concerns.map(({ gvk }) => gvk)].map((gvk: Gvk) =>
    follow(cluster, gvk, objectIndex(madeKeys)),
  );
  return (of) => all.flatMap((objects) => objects.at(of));
};

/** `concerns`: the kinds of routes, and of what is looked at beside them. */
export const releaseIndex = (cluster: Cluster, concerns: readonly Concern[]): ReleaseIndex => {
  const releases = follow(cluster, kinds.release, objectIndex<Release>(releaseKeys));
  const slices = follow(cluster, kinds.endpointSlice, objectIndex<EndpointSlice>(sliceKeys));
  const autoscalers = follow(cluster, kinds.autoscaler, objectIndex(autoscalerKeys));
  const pods = follow(cluster, kinds.pod, objectIndex<Pod>(podKeys));
  const workloads = follow(cluster, kinds.deployment, objectIndex<Deployment>(labelKeys));
  const all: Concerns = concerns.map((kind) => ({
    gvk: kind.gvk,
    objects: follow(
      cluster,
      kind.gvk,
      objectIndex((object) => concernedBy(kind, object).map(serviceKey)),
    ),
  }));
  const made = followMade(cluster, concerns);
  return {
    ...protectionIndex(cluster, follow),
    ofWorkload: (namespace, workload) => releases.at(key('workload', namespace, workload)),
    open: (namespace) => releases.at(key('open', namespace)),
    onService: (namespace, service) => releases.at(key('service', namespace, service)),
    waiting: (namespace) => releases.at(key('waiting', namespace)),
    madeFor: (namespace, workload) => made(key(namespace, workload)),
    slicesFor: (namespace, { name, uid }) =>
      slices
        .at(key('release', namespace, name))
        .filter(({ metadata }) => (metadata.labels?.[labels.releaseUid] ?? uid) === uid),
    slicesOf: (namespace, service) => slices.at(key('service', namespace, service)),
    autoscalerOf: (namespace, workload) => autoscalers.at(key(namespace, workload))[0],
    podsOf: (namespace, canary) => pods.at(key(namespace, canary)),
    routesAbout: (gvk, service) => {
      const objects = all.find((one) => isSameKind(one.gvk, gvk))?.objects;
      return objects === undefined ? [] : [...new Set(concernKeys(service).flatMap((one) => objects.at(one)))];
    },
    selectedBy: (namespace, selector) => selectedIn(workloads, namespace, selector),
  };
};

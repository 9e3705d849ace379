/**
 * SMI TrafficSplits, read and written as v1alpha2: the oldest version with whole numbers for weights, which Linkerd's SMI
 * extension, Open Service Mesh and every later SMI mesh serve. (v1alpha1 has quantities such as `500m`.) `linkerd` uses the
 * same routes in a mesh that is known by name.
 */
import { gvk, type KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import type { Target, TrafficProvider } from '../ports/traffic.ts';
import { apexProblems } from './apex-problems.ts';
import { injection, type Switch } from './injection.ts';
import { objectsOf, textOf } from '../values/json-values.ts';
import { serviceAt, servicesOfHosts, withServiceName } from './service-host.ts';
import { weightedFormat } from './weighted-format.ts';
import type { DestinationList } from './weighted-kind.ts';
import type { Destination } from './weighted-list.ts';
import { weightedProvider, type WeightedProvider } from './weighted-provider.ts';

const serviceOf = (d: Destination): string => textOf(d['service']);

/** A TrafficSplit has one list, which only spreads the traffic of its root Service. */
const lists = ({ metadata, spec }: KubeObject): readonly DestinationList[] => {
  const of = serviceAt(textOf(spec?.['service']), metadata.namespace ?? '');
  if (of === undefined) return [];
  return [{ key: 'backends', path: ['spec', 'backends'], destinations: objectsOf(spec?.['backends']), of }];
};

export const trafficSplits = weightedFormat({
  gvk: gvk('split.smi-spec.io/v1alpha2', 'TrafficSplit', 'trafficsplits'),
  lists,
  serviceOf: (d, namespace) => serviceAt(serviceOf(d), namespace),
  claims: ({ metadata, spec }) => servicesOfHosts([textOf(spec?.['service'])], metadata.namespace),
  sendTo: (d, service) => ({ ...d, service: withServiceName(serviceOf(d), service) }),
});

/** Both meshes find the split by the Service's cluster address; a headless Service has none and is reached pod by pod. */
const preflight = ({ apex }: Target): readonly Problem[] => {
  if (apex.spec.clusterIP !== 'None') return apexProblems(apex);
  return [
    {
      field: `Service/${apex.metadata.name} spec.clusterIP`,
      value: apex.spec.clusterIP,
      rule: 'makes it headless, and a TrafficSplit of a headless Service is not seen by the proxies',
      todo: 'Give the Service a cluster address.',
    },
  ];
};

const provider = ({ doubts, signs }: Pick<WeightedProvider, 'doubts' | 'signs'>): TrafficProvider =>
  weightedProvider({
    format: trafficSplits,
    doubts,
    // `weight` is a required field here; in Istio it may be omitted.
    generate: ({ apex }) => ({
      service: apex.metadata.name,
      backends: [{ service: apex.metadata.name, weight: 100 }],
    }),
    preflight,
    ...(signs === undefined ? {} : { signs }),
  });

const key = 'linkerd.io/inject';
const switches: readonly Switch[] = [
  { on: 'pod', in: 'annotations', key, yes: /^(enabled|ingress)$/ },
  { on: 'namespace', in: 'annotations', key, yes: /^(enabled|ingress)$/ },
];

export const smi = provider({
  doubts:
    "callers without the mesh's proxy; another TrafficSplit of the same Service; requests to stable through another Service; canary pods that Prometheus does not scrape",
});

/** A TrafficSplit alone is no sign of Linkerd, because other meshes obey them too; Linkerd's proxies are. */
export const linkerd = provider({
  // A proxy decides once per destination whether it follows TrafficSplits (linkerd/linkerd2 issue 11032).
  doubts:
    'callers without a Linkerd proxy; proxies that were in use when the TrafficSplit was made, which ignore it until they are restarted or idle for 5 s; another TrafficSplit of the same Service; requests to stable through another Service; canary pods that Prometheus does not scrape',
  signs: (around, routes) => {
    const proxies = injection(around, 'a Linkerd proxy', switches);
    return proxies.length === 0 ? [] : [...routes, ...proxies];
  },
});

/**
 * SMI TrafficSplits, read and written as v1alpha2: the oldest version with whole numbers for weights, which Linkerd's SMI
 * extension, Open Service Mesh and every later SMI mesh serve. (v1alpha1 has quantities such as `500m`.)
 * `linkerd` is the same routes in a mesh that is known by name.
 */
import { gvk, type KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import type { ProviderName, RouteTarget, Target } from '../ports/traffic.ts';
import { apexProblems } from './apex-problems.ts';
import { objectsOf, textOf } from './json-values.ts';
import type { DestinationList, RouteKind } from './route-kind.ts';
import { meansService, withServiceName } from './service-host.ts';
import type { Arms, Destination } from './weighted-list.ts';
import { weightedRoutes } from './weighted-routes.ts';

const trafficSplit = gvk('split.smi-spec.io/v1alpha2', 'TrafficSplit', 'trafficsplits');

const means = (target: RouteTarget, host: string, name: string): boolean =>
  meansService(host, { namespace: target.namespace, name }, target.namespace);

/** A TrafficSplit has one list, and it is about the target only when its root is the apex. */
const lists = (target: RouteTarget, { spec }: KubeObject): readonly DestinationList[] =>
  means(target, textOf(spec?.['service']), target.apex.metadata.name)
    ? [{ key: 'backends', path: ['spec', 'backends'], destinations: objectsOf(spec?.['backends']) }]
    : [];

const serviceOf = (d: Destination): string => textOf(d['service']);

const arms = (target: RouteTarget): Arms => ({
  arm: (d) => {
    if (means(target, serviceOf(d), target.apex.metadata.name)) return 'stable';
    return means(target, serviceOf(d), target.canaryService) ? 'canary' : 'other';
  },
  toCanary: (d) => ({ ...d, service: withServiceName(serviceOf(d), target.canaryService) }),
});

/** Both meshes find the split by the Service's cluster address; a headless Service has none and is reached pod by pod. */
const problems = ({ apex }: Target): readonly Problem[] => {
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

const route = (name: ProviderName): RouteKind => ({
  name,
  can: { splits: 'route', headers: false, mirror: false, granularity: 1 },
  gvk: trafficSplit,
  lists,
  arms,
  // `weight` is a required field, so it is written where Istio's may be left out.
  generate: ({ apex }) => ({
    service: apex.metadata.name,
    backends: [{ service: apex.metadata.name, weight: 100 }],
  }),
  problems,
});

export const smi = weightedRoutes(route('smi'));
export const linkerd = weightedRoutes(route('linkerd'));

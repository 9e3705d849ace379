import type { Json, KubeObject } from '../../src/values/kube-object.ts';
import { runner } from '../../src/traffic/runner.ts';
import { linkerd, smi } from '../../src/traffic/smi.ts';
import { trafficSplits } from './traffic-routes.ts';
import { trafficContract, type Destination, type Edit } from './traffic-suite.ts';
import { namespace } from './traffic-world.ts';

const backendsOf = (route: KubeObject): readonly Destination[] => route.spec!['backends'] as readonly Destination[];

const edits: readonly Edit[] = [
  {
    what: 'a label is added',
    comesBack: 'exact',
    apply: (r) => ({ ...r, metadata: { ...r.metadata, labels: { ...r.metadata.labels, edited: 'yes' } } }),
  },
  {
    what: 'a match is added',
    comesBack: 'exact',
    apply: (r) => ({ ...r, spec: { ...r.spec, matches: [{ kind: 'HTTPRouteGroup', name: 'beta' }] } }),
  },
  {
    what: 'a backend is added at the end',
    comesBack: 'meaning',
    apply: (r) => ({ ...r, spec: { ...r.spec, backends: [...backendsOf(r), { service: 'cart', weight: 7 }] as Json } }),
  },
];

const noSubsets = { 'traffic for other workloads stays theirs': 'a TrafficSplit knows no subsets of a Service' };

for (const provider of [runner('smi', smi), runner('linkerd', linkerd)])
  trafficContract({
    provider,
    fixtures: 'smi',
    routes: trafficSplits,
    lists: (route) => [backendsOf(route)],
    hostOf: ({ service }) => service as string,
    edits,
    claims: (to) => ({
      apiVersion: 'split.smi-spec.io/v1alpha2',
      kind: 'TrafficSplit',
      metadata: { name: 'front', namespace },
      spec: { service: 'web', backends: [{ service: to, weight: 100 }] },
    }),
    skip: noSubsets,
    namesake: () => ({
      apiVersion: 'split.smi-spec.io/v1alpha2',
      kind: 'TrafficSplit',
      metadata: { name: 'web', namespace },
      spec: { service: 'cart', backends: [{ service: 'web', weight: 1 }] },
    }),
  });

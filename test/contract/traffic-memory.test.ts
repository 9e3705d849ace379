import type { KubeObject } from '../../src/values/kube-object.ts';
import { memory } from '../../src/traffic/memory.ts';
import { memoryRoutes } from './traffic-routes.ts';
import { trafficContract, type Destination } from './traffic-suite.ts';
import { namespace } from './traffic-world.ts';

trafficContract({
  provider: memory,
  fixtures: 'memory',
  routes: memoryRoutes,
  lists: (route: KubeObject) => [route.spec!['to'] as readonly Destination[]],
  hostOf: ({ service }) => service as string,
  edits: [
    {
      what: 'a label is added',
      comesBack: 'exact',
      apply: (r) => ({ ...r, metadata: { ...r.metadata, labels: { ...r.metadata.labels, edited: 'yes' } } }),
    },
  ],
  claims: (to) => ({
    apiVersion: 'memory.sluice.dev/v1',
    kind: 'Route',
    metadata: { name: 'front', namespace },
    spec: { host: 'web', to: [{ service: to }] },
  }),
  skip: { 'traffic for other workloads stays theirs': 'its routes know no subsets of a Service' },
  namesake: () => ({
    apiVersion: 'memory.sluice.dev/v1',
    kind: 'Route',
    metadata: { name: 'web', namespace },
    spec: { to: [{ service: 'cart' }] },
  }),
});

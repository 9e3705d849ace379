/** A provider for a fictitious mesh: the smallest example, for tests and demonstrations. No policy can select it. */
import { gvk } from '../values/kube-object.ts';
import { objectsOf, textOf } from '../values/json-values.ts';
import { runner } from './runner.ts';
import { servicesOfHosts } from './service-host.ts';
import { weightedFormat } from './weighted-format.ts';
import { weightedProvider } from './weighted-provider.ts';

export const memoryRoutes = weightedFormat({
  gvk: gvk('memory.sluice.dev/v1', 'Route', 'routes'),
  lists: ({ spec }) => [{ key: 'to', path: ['spec', 'to'], destinations: objectsOf(spec?.['to']) }],
  serviceOf: ({ service }, namespace) => ({ namespace, name: textOf(service) }),
  sendTo: (d, service) => ({ ...d, service }),
  claims: ({ metadata, spec }) => servicesOfHosts([textOf(spec?.['host'])], metadata.namespace),
});

export const memory = runner(
  'memory',
  weightedProvider({
    format: memoryRoutes,
    doubts: 'none in memory',
    generate: ({ apex }) => ({ to: [{ service: apex.metadata.name }] }),
  }),
);

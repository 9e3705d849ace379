/** A mesh that exists nowhere: the smallest provider, for tests, demonstrations and as the example in docs/providers/adding.md. */
import { gvk } from '../values/kube-object.ts';
import { objectsOf } from './json-values.ts';
import { weightedRoutes } from './weighted-routes.ts';

export const memory = weightedRoutes({
  name: 'memory',
  can: { splits: 'route', headers: false, mirror: false, granularity: 1 },
  gvk: gvk('memory.sluice.dev/v1', 'Route', 'routes'),
  lists: (_target, { spec }) => [{ key: 'to', path: ['spec', 'to'], destinations: objectsOf(spec?.['to']) }],
  arms: ({ apex, canaryService }) => ({
    arm: ({ service }) => {
      if (service === apex.metadata.name) return 'stable';
      return service === canaryService ? 'canary' : 'other';
    },
    toCanary: (d) => ({ ...d, service: canaryService }),
  }),
  generate: ({ apex }) => ({ to: [{ service: apex.metadata.name }] }),
});

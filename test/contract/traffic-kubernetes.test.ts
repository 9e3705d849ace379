import fc from 'fast-check';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { kubernetes } from '../../src/traffic/kubernetes.ts';
import { runner } from '../../src/traffic/runner.ts';
import { trafficContract } from './traffic-suite.ts';
import { namespace } from './traffic-world.ts';

const deployment = (name: string, readyReplicas: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: { replicas: readyReplicas },
  status: { readyReplicas },
});

const noRoute = 'there is no route: the split is the ratio of ready pods';

trafficContract({
  provider: runner('kubernetes', kubernetes),
  fixtures: 'kubernetes',
  routes: (apex) =>
    fc
      .tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 }))
      .map(([stable, canary]) => [deployment(apex, stable), deployment(`${apex}-canary`, canary)]),
  lists: () => [],
  hostOf: () => '',
  edits: [
    {
      what: 'it is scaled',
      comesBack: 'exact',
      apply: (r) => ({ ...r, spec: { ...r.spec, replicas: 30 } }),
    },
  ],
  namesake: () => deployment('web', 1),
  skip: {
    'a split is remembered whole': noRoute,
    'what is lost of it is put back': noRoute,
    'golden files': noRoute,
    'a split is in the routes': noRoute,
    'a split can be read back':
      'it is read from pods, which a provider does not make; see src/traffic/kubernetes.test.ts',
    'weights keep their sum': noRoute,
    'what a client says about splits counts for nothing': noRoute,
    'two releases share a route': noRoute,
    'a whole split can be read back, or is told to be impossible': noRoute,
    'a whole split is kept in the same write': noRoute,
    'a whole split is in the route that is made': noRoute,
    'a route is made where there is none': noRoute,
    'a name that is taken is a problem': noRoute,
    'a route that decides for the apex and does not send to it is a problem': noRoute,
    'traffic for other workloads stays theirs': noRoute,
  },
});

import { describe, expect, it } from '@jest/globals';
import { refKey, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Live, Target } from '../ports/traffic.ts';
import { istio, virtualServices } from './istio.ts';
import { isAdopted } from './roles.ts';
import { runner } from './runner.ts';

const target: Target = {
  namespace: 'shop',
  workload: 'web',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' } },
  },
  canaryService: 'web-canary',
  release: { name: 'r', uid: 'u' },
};

const route = (extra: Partial<KubeObject> = {}): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'shop', namespace: 'shop', generation: 4 },
  spec: { http: [{ route: [{ destination: { host: 'web' } }] }] },
  ...extra,
});

const live = (...objects: KubeObject[]): Live =>
  new Map(objects.map((o) => [refKey({ gvk: kinds.service, name: o.metadata.name }), o] as const));

const withStatus = (status: JsonObject): KubeObject => route({ status });
const reconciled = { type: 'Reconciled', status: 'True' };

describe('what is split for a target', () => {
  it.each([
    ['a route that sends to the apex', route(), true],
    ['in an older version of the API', route({ apiVersion: 'networking.istio.io/v1beta1' }), true],
    ['in another namespace', route({ metadata: { name: 'shop', namespace: 'front' } }), false],
    ['of another kind', route({ kind: 'DestinationRule' }), false],
    ['of another group', route({ apiVersion: 'example.com/v1' }), false],
    ['that sends elsewhere', route({ spec: { http: [{ route: [{ destination: { host: 'cart' } }] }] } }), false],
    [
      'without a spec',
      { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: route().metadata },
      false,
    ],
    ['with a spec of another shape', route({ spec: { http: 'all', tcp: [1], tls: { route: [] } } }), false],
    [
      'that is the generated one of another Service',
      route({
        metadata: {
          name: 'cart',
          namespace: 'shop',
          labels: { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'r' },
        },
      }),
      false,
    ],
  ])('%s', (_case, object, concerned) => expect(isAdopted(virtualServices, target, object)).toBe(concerned));
});

describe('whether the mesh has taken a route up', () => {
  it.each([
    ['no status says nothing', [route()], 'untold'],
    [
      'a status of an older generation is about another route',
      [withStatus({ observedGeneration: 3, conditions: [reconciled] })],
      'pending',
    ],
    ['reconciled', [withStatus({ observedGeneration: '4', conditions: [reconciled] })], 'accepted'],
    [
      'reconciled, with a warning',
      [withStatus({ conditions: [reconciled], validationMessages: [{ level: 'WARNING' }] })],
      'accepted',
    ],
    ['an error', [withStatus({ conditions: [reconciled], validationMessages: [{ level: 'ERROR' }] })], 'refused'],
    [
      'one of several is in error',
      [
        withStatus({ conditions: [reconciled] }),
        route({ metadata: { ...route().metadata, name: 'b' }, status: { validationMessages: [{ level: 'Error' }] } }),
      ],
      'refused',
    ],
    [
      'one of several is not looked at yet',
      [withStatus({ observedGeneration: 3 }), route({ metadata: { ...route().metadata, name: 'b' } })],
      'pending',
    ],
    [
      'one of several says nothing',
      [withStatus({ conditions: [reconciled] }), route({ metadata: { ...route().metadata, name: 'b' } })],
      'untold',
    ],
    ['no route at all', [], 'untold'],
  ])('%s', (_case, objects, accepted) =>
    expect(runner('istio', istio).accepted(target, live(...objects)).state).toBe(accepted),
  );
});

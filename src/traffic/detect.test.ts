import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Labels } from '../values/kube-object.ts';
import type { Surroundings, Target } from '../ports/traffic.ts';
import { detectProvider } from './detect.ts';
import { trafficProviders } from './index.ts';

const target: Target = {
  namespace: 'shop',
  workload: 'web',
  apex: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { a: 'b' } },
  },
  canaryService: 'web-canary',
  release: { name: 'r', uid: 'u' },
};

const virtualService = (host: string, labels: Labels = {}): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop', labels },
  spec: { http: [{ route: [{ destination: { host } }] }] },
});
const trafficSplit: KubeObject = {
  apiVersion: 'split.smi-spec.io/v1alpha2',
  kind: 'TrafficSplit',
  metadata: { name: 'split', namespace: 'shop' },
  spec: { service: 'web', backends: [{ service: 'web', weight: 1 }] },
};
const ours = { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'r' };
const namespace = (labels: Labels, annotations: Labels = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels, annotations },
});

const around = (facts: Partial<Surroundings> & { readonly kinds?: readonly string[] }): Surroundings => ({
  target,
  served: ({ kind }) => (facts.kinds ?? []).includes(kind),
  routes: [],
  template: {},
  ...facts,
});
const pod = (labels: Labels, annotations: Labels = {}): Surroundings['template'] => ({
  metadata: { labels, annotations },
});

const VS = ['VirtualService'];
const TS = ['TrafficSplit'];
const inject = 'sidecar.istio.io/inject';

describe('detectProvider', () => {
  it.each([
    [
      'nothing is installed',
      around({}),
      'kubernetes',
      'no route kind that Sluice can split is served, so the split is made by the number of pods',
    ],
    [
      'a VirtualService of the user sends to the apex',
      around({ kinds: VS, routes: [virtualService('web')] }),
      'istio',
      'the VirtualService web sends to the Service web',
    ],
    [
      'a TrafficSplit of the user has the apex as root',
      around({ kinds: TS, routes: [trafficSplit] }),
      'smi',
      'the TrafficSplit split sends to the Service web',
    ],
    [
      'the same in Linkerd',
      around({ kinds: TS, routes: [trafficSplit], namespace: namespace({}, { 'linkerd.io/inject': 'enabled' }) }),
      'linkerd',
      'the TrafficSplit split sends to the Service web',
    ],
    [
      'a route wins over sidecars of another mesh',
      around({ kinds: [...VS, ...TS], routes: [trafficSplit], template: pod({ [inject]: 'true' }) }),
      'smi',
      'the TrafficSplit split sends to the Service web',
    ],
    [
      'a route of ours proves nothing',
      around({ kinds: VS, routes: [virtualService('web', ours)] }),
      'kubernetes',
      'VirtualService is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
    [
      'a route to something else proves nothing',
      around({ kinds: VS, routes: [virtualService('cart')] }),
      'kubernetes',
      'VirtualService is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
    [
      'pods ask for an Istio sidecar',
      around({ kinds: VS, template: pod({ [inject]: 'true' }) }),
      'istio',
      'the pod template asks for an Istio sidecar (sidecar.istio.io/inject: true), and VirtualService is served',
    ],
    [
      'or by the older annotation',
      around({ kinds: VS, template: pod({}, { [inject]: 'true' }) }),
      'istio',
      'the pod template asks for an Istio sidecar (sidecar.istio.io/inject: true), and VirtualService is served',
    ],
    [
      'or the namespace does',
      around({ kinds: VS, namespace: namespace({ 'istio-injection': 'enabled' }) }),
      'istio',
      'the namespace asks for an Istio sidecar (istio-injection: enabled), and VirtualService is served',
    ],
    [
      'or by a revision',
      around({ kinds: VS, namespace: namespace({ 'istio.io/rev': 'canary' }) }),
      'istio',
      'the namespace asks for an Istio sidecar (istio.io/rev: canary), and VirtualService is served',
    ],
    [
      'pods refuse what the namespace asks for',
      around({
        kinds: VS,
        template: pod({ [inject]: 'false' }),
        namespace: namespace({ 'istio-injection': 'enabled' }),
      }),
      'kubernetes',
      'VirtualService is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
    [
      'the namespace refuses, a revision does not help',
      around({ kinds: VS, namespace: namespace({ 'istio-injection': 'disabled', 'istio.io/rev': 'x' }) }),
      'kubernetes',
      'VirtualService is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
    [
      'sidecars without the kind of route',
      around({ template: pod({ [inject]: 'true' }) }),
      'kubernetes',
      'the pod template asks for an Istio sidecar (sidecar.istio.io/inject: true), but VirtualService is not served, so the split is made by the number of pods',
    ],
    [
      'ambient pods have no sidecar',
      around({ kinds: VS, namespace: namespace({ 'istio.io/dataplane-mode': 'ambient' }) }),
      'kubernetes',
      'VirtualService is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
    [
      'pods ask for a Linkerd proxy',
      around({ kinds: TS, template: pod({}, { 'linkerd.io/inject': 'enabled' }) }),
      'linkerd',
      'the pod template asks for a Linkerd proxy (linkerd.io/inject: enabled), and TrafficSplit is served',
    ],
    [
      'pods refuse it',
      around({
        kinds: TS,
        template: pod({}, { 'linkerd.io/inject': 'disabled' }),
        namespace: namespace({}, { 'linkerd.io/inject': 'enabled' }),
      }),
      'kubernetes',
      'TrafficSplit is served, but nothing shows that the pods or their callers have a proxy that would obey it, so the split is made by the number of pods',
    ],
  ])('%s', (_case, facts, provider, because) =>
    expect(detectProvider(trafficProviders)(facts)).toEqual({ provider, because }),
  );
});

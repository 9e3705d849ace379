/** `provider: auto`: which provider fits what is installed, how the pods are meshed and which routes are there, and why. */
import type { Gvk, KubeObject, Labels, PodTemplate } from '../values/kube-object.ts';
import type { ProviderName, Target } from '../ports/traffic.ts';
import { trafficProviders } from './index.ts';

export type Surroundings = {
  readonly target: Target;
  /** Whether the API server serves a kind. */
  readonly served: (gvk: Gvk) => boolean;
  /** Objects of the providers' kinds in the target's namespace. */
  readonly routes: readonly KubeObject[];
  readonly template: PodTemplate;
  /** The target's Namespace, where it may be read. */
  readonly namespace?: KubeObject;
};

/** `because` is a sentence for the Release and the admission warning. */
export type Detection = { readonly provider: Exclude<ProviderName, 'memory'>; readonly because: string };

type Meshed = { readonly mesh: 'istio' | 'linkerd'; readonly sign: string };

/**
 * A user's own route that sends to the apex wins, because whoever calls through it is split there and nowhere else. Then
 * proxies that are injected into the pods, if the kind of route they obey is served. Otherwise plain `kubernetes`, which
 * works for every caller: an installed mesh alone does not show that anybody's requests pass through it.
 */
export const detectProvider = (around: Surroundings): Detection => {
  const mesh = meshOf(around);
  return ownRoute(around, mesh) ?? sidecar(around, mesh) ?? plain(around, mesh);
};

const routeProviders = ['istio', 'linkerd', 'smi'] as const;

const ownRoute = ({ target, routes }: Surroundings, mesh: Meshed | undefined): Detection | undefined => {
  for (const name of routeProviders) {
    const route = routes.find((object) => trafficProviders[name].adopts(target, object));
    if (route === undefined) continue;
    const provider = name === 'linkerd' && mesh?.mesh !== 'linkerd' ? 'smi' : name;
    return {
      provider,
      because: `the ${route.kind} ${route.metadata.name} sends to the Service ${target.apex.metadata.name}`,
    };
  }
  return undefined;
};

const isServed = ({ served }: Surroundings, name: ProviderName): boolean => trafficProviders[name].kinds.every(served);

const kindOf = (name: ProviderName): string => trafficProviders[name].kinds.map(({ kind }) => kind).join(' and ');

const sidecar = (around: Surroundings, meshed: Meshed | undefined): Detection | undefined => {
  if (meshed === undefined || !isServed(around, meshed.mesh)) return undefined;
  const { mesh, sign } = meshed;
  return { provider: mesh, because: `${sign}, and ${kindOf(mesh)} is served` };
};

const plain = (around: Surroundings, meshed: Meshed | undefined): Detection => {
  const installed = routeProviders.filter((name) => isServed(around, name)).map(kindOf);
  return {
    provider: 'kubernetes',
    because: `${plainReason(meshed, installed)}, so the split is made by the number of pods`,
  };
};

const plainReason = (meshed: Meshed | undefined, installed: readonly string[]): string => {
  if (meshed !== undefined) return `${meshed.sign}, but ${kindOf(meshed.mesh)} is not served`;
  if (installed.length === 0) return 'no route kind that Sluice can split is served';
  const kinds = [...new Set(installed)].join(' and ');
  return `${kinds} is served, but nothing shows that the pods or their callers have a proxy that would obey it`;
};

const meshOf = ({ template, namespace }: Surroundings): Meshed | undefined => {
  const pod: Signs = {
    what: 'the pod template',
    labels: template.metadata?.labels,
    annotations: template.metadata?.annotations,
  };
  const space: Signs = {
    what: 'the namespace',
    labels: namespace?.metadata.labels,
    annotations: namespace?.metadata.annotations,
  };
  return istioSign(pod, space) ?? linkerdSign(pod, space);
};

type Signs = {
  readonly what: string;
  readonly labels: Labels | undefined;
  readonly annotations: Labels | undefined;
};

/** Where injection may be asked for or refused, strongest first: the first one that is set decides. */
const istioSwitches = [
  { on: 'pod', in: 'labels', key: 'sidecar.istio.io/inject', yes: /^true$/ },
  { on: 'pod', in: 'annotations', key: 'sidecar.istio.io/inject', yes: /^true$/ },
  { on: 'pod', in: 'labels', key: 'istio.io/rev', yes: /./ },
  { on: 'space', in: 'labels', key: 'istio-injection', yes: /^enabled$/ },
  { on: 'space', in: 'labels', key: 'istio.io/rev', yes: /./ },
] as const;

const istioSign = (pod: Signs, space: Signs): Meshed | undefined => {
  for (const { on, in: place, key, yes } of istioSwitches) {
    const where = on === 'pod' ? pod : space;
    const value = where[place]?.[key];
    if (value === undefined) continue;
    if (!yes.test(value)) return undefined;
    return { mesh: 'istio', sign: `${where.what} asks for an Istio sidecar (${key}: ${value})` };
  }
  return undefined;
};

const linkerdInject = 'linkerd.io/inject';

const linkerdSign = (pod: Signs, space: Signs): Meshed | undefined => {
  const by = pod.annotations?.[linkerdInject] === undefined ? space : pod;
  const value = by.annotations?.[linkerdInject];
  if (value !== 'enabled' && value !== 'ingress') return undefined;
  return { mesh: 'linkerd', sign: `${by.what} asks for a Linkerd proxy (${linkerdInject}: ${value})` };
};

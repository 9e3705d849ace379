/** Istio: VirtualServices. Every http, tls and tcp rule that sends to the apex is split in place. */
import { createHash } from 'node:crypto';
import { gvk, type Json, type JsonObject, type KubeObject, type ServicePort } from '../values/kube-object.ts';
import { means, type Acceptance, type ServiceName } from '../values/route-format.ts';
import type { Feature } from '../values/split.ts';
import type { Target } from '../ports/traffic.ts';
import { destinationRules, isExportedTo, subsetDefinitions } from './destination-rules.ts';
import { injection, type Switch } from './injection.ts';
import { istioAdditions } from './istio-additions.ts';
import { isForGateways } from './istio-http.ts';
import { canonical, objectOf, objectsOf, textOf, textsOf } from '../values/json-values.ts';
import { serviceAt, servicesOfHosts, withServiceName } from './service-host.ts';
import { ownSubsets } from './subsets.ts';
import { weightedFormat } from './weighted-format.ts';
import type { DestinationList } from './weighted-kind.ts';
import type { Destination } from './weighted-list.ts';
import { weightedProvider } from './weighted-provider.ts';

const virtualService = gvk('networking.istio.io/v1', 'VirtualService', 'virtualservices');

const protocols = ['http', 'tls', 'tcp'] as const;
type Protocol = (typeof protocols)[number];

const hostOf = (d: Destination): string => textOf(objectOf(d['destination'])['host']);

/** Rules with a redirect, a direct response or a delegate have no `route` and so no list; mirrors are not routes. */
const lists = (object: KubeObject): readonly DestinationList[] =>
  protocols.flatMap((protocol) =>
    objectsOf(object.spec?.[protocol]).map((rule, index) => ({
      key: `${protocol}/${ruleKey(rule)}`,
      path: ['spec', protocol, index, 'route'],
      destinations: objectsOf(rule['route']),
    })),
  );

const ruleKey = (rule: JsonObject): string => {
  const name = textOf(rule['name']);
  return name === '' ? (unnamed.get(rule) ?? hashed(rule)) : name;
};

/** Caches the keys of rules without a name, because a key is computed once for every split in the route. */
const unnamed = new WeakMap<JsonObject, string>();

const hashed = (rule: JsonObject): string => {
  const { route: _route, ...rest } = rule;
  const key = `#${createHash('sha256').update(canonical(rest)).digest('hex').slice(0, 10)}`;
  unnamed.set(rule, key);
  return key;
};

const sendTo = (d: Destination, service: string): Destination => {
  // A subset is defined by a DestinationRule of its host. The canary's host has none: Envoy would answer 503.
  const { subset: _subset, ...destination } = objectOf(d['destination']);
  return { ...d, destination: { ...destination, host: withServiceName(hostOf(d), service) } };
};

/** Protocols that Istio routes as opaque TCP. A port without a declared protocol is sniffed, and counts as HTTP here. */
const opaque = new Set(['tcp', 'tls', 'https', 'mongo', 'mysql', 'redis']);

const isOpaque = (port: ServicePort): boolean =>
  opaque.has((port.appProtocol ?? (port.name ?? '').split('-')[0] ?? '').toLowerCase());

const toApex = (target: Target, port?: number): Json => [
  { destination: { host: target.apex.metadata.name, ...(port === undefined ? {} : { port: { number: port } }) } },
];

const generate = (target: Target): JsonObject => {
  const ports = (target.apex.spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  const rules: Partial<Record<Protocol, Json>> = {};
  if (ports.length === 0 || !ports.every(isOpaque)) rules.http = [{ route: toApex(target) }];
  const tcp = ports.filter(isOpaque).map(({ port }) => ({ match: [{ port }], route: toApex(target, port) }));
  if (tcp.length > 0) rules.tcp = tcp;
  return { hosts: [target.apex.metadata.name], ...rules };
};

/** istiod writes a status only if its status controller is enabled. */
const acceptance = ({ status, metadata }: KubeObject): Acceptance => {
  const seen = status?.['observedGeneration'];
  if (seen !== undefined && Number(seen) !== metadata.generation)
    return { state: 'pending', because: 'istiod has not looked at it yet' };
  const error = objectsOf(status?.['validationMessages']).find(({ level }) => textOf(level).toUpperCase() === 'ERROR');
  if (error !== undefined) return { state: 'refused', because: `istiod reports ${JSON.stringify(error)}` };
  const reconciled = objectsOf(status?.['conditions']).find(({ type }) => type === 'Reconciled');
  return reconciled?.['status'] === 'True'
    ? { state: 'accepted', because: 'istiod reports that its proxies have it' }
    : { state: 'untold', because: 'istiod writes no status into VirtualServices unless it is told to' };
};

/**
 * The hosts whose requests from sidecars a VirtualService handles. Gateways merge the VirtualServices of a host, so they
 * never compete there.
 */
const claims = (route: KubeObject): readonly ServiceName[] => {
  const { metadata, spec } = route;
  const { namespace = '' } = metadata;
  if (isForGateways(route)) return [];
  const hosts = servicesOfHosts(textsOf(spec?.['hosts']), namespace);
  return hosts.filter((service) => isExportedTo(spec?.['exportTo'], namespace, service.namespace));
};

export const virtualServices = weightedFormat({
  gvk: virtualService,
  lists,
  serviceOf: (d, namespace) => serviceAt(hostOf(d), namespace),
  sendTo,
  subsetOf: (d) => {
    const { subset } = objectOf(d['destination']);
    return typeof subset === 'string' && subset !== '' ? subset : undefined;
  },
  claims,
  delegates: ({ metadata, spec }) =>
    objectsOf(spec?.['http']).flatMap(({ delegate }) => {
      const { name, namespace } = objectOf(delegate);
      return typeof name === 'string' ? [{ namespace: textOf(namespace) || (metadata.namespace ?? ''), name }] : [];
    }),
  acceptance,
  additions: istioAdditions,
});

/** A pattern for a cookie is left out: it could match across the cookie's end. */
const features: ReadonlySet<Feature> = new Set<Feature>([
  'weight',
  ...(['exact', 'prefix', 'suffix', 'regex'] as const).flatMap(
    (how) => [`match.header.${how}`, `match.query.${how}`] as const,
  ),
  ...(['exact', 'prefix', 'suffix'] as const).map((how) => `match.cookie.${how}` as const),
  'match.source',
  'mirror',
  'mirror.percent',
]);

const switches: readonly Switch[] = [
  { on: 'pod', in: 'labels', key: 'sidecar.istio.io/inject', yes: /^true$/ },
  { on: 'pod', in: 'annotations', key: 'sidecar.istio.io/inject', yes: /^true$/ },
  { on: 'pod', in: 'labels', key: 'istio.io/rev', yes: /./ },
  { on: 'namespace', in: 'labels', key: 'istio-injection', yes: /^enabled$/ },
  { on: 'namespace', in: 'labels', key: 'istio.io/rev', yes: /./ },
];

export const istio = weightedProvider({
  format: virtualServices,
  features,
  generate,
  reads: [destinationRules],
  // A gateway's VirtualService handles only the gateway's callers. If several workloads share the Service and a gateway's
  // route tells them apart, calls inside the mesh reach all of them and must not be split for one.
  decideForAll: ({ namespace, apex, behind }, routes) =>
    routes.some((route) => claims(route).some((claim) => means(claim, { namespace, name: apex.metadata.name }))) ||
    (routes.length > 0 && behind?.others.some(({ replicas }) => replicas > 0) === true),
  ownSubsets: (question) => ownSubsets(question, subsetDefinitions(question.target, question.live)),
  isPartial: isForGateways,
  doubts:
    'callers without an Istio sidecar; another, older VirtualService for the same host; a VirtualService for a gateway alone, which does not split calls inside the mesh; requests to stable through another Service; canary pods that Prometheus does not scrape',
  signs: (around, routes) => [...routes, ...injection(around, 'an Istio sidecar', switches)],
});

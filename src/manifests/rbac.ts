/** What Sluice may do, and no more. The chart's roles and the role of `dev` come from here. */
import { byKind, type KindUse } from '../values/kind-use.ts';
import type { Gvk } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { group } from '../schema/names.ts';

export type PolicyRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** Rules by where they are needed, so that an installation for one namespace can be given no more than that. */
export type Permissions = {
  /** In every namespace that is worked on. */
  readonly workedOn: readonly PolicyRule[];
  /** For objects without a namespace. */
  readonly clusterWide: readonly PolicyRule[];
  /** In the namespace Sluice itself runs in. */
  readonly own: readonly PolicyRule[];
};

const read = ['get', 'list', 'watch'] as const;

const allow = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});

/** Kinds of meshes and gateways. What Kubernetes itself serves has rules of its own, narrower ones. */
export const routeKinds = (providerKinds: readonly KindUse[]): readonly KindUse[] => {
  const key = ({ group: g, plural }: Gvk): string => `${g}/${plural}`;
  const known = new Set(Object.values<Gvk>(kinds).map(key));
  return byKind(providerKinds.filter(({ gvk }) => !known.has(key(gvk))));
};

const verbsFor = { read, adopt: ['update', 'patch'], own: ['create', 'update', 'patch', 'delete'] } as const;

/** In the order in which Kubernetes' own roles list them. */
const verbOrder = [...read, 'create', 'update', 'patch', 'delete'] as const;

const routeRule = ({ gvk, access }: KindUse): PolicyRule => {
  const granted = new Set<string>(['read' as const, ...access].flatMap((one) => verbsFor[one]));
  return allow(
    gvk.group,
    [gvk.plural],
    verbOrder.filter((verb) => granted.has(verb)),
  );
};

/**
 * The controller's permissions. `providerKinds` are the kinds that traffic providers work with, `lease` is the name of
 * the Lease that replicas agree by.
 */
export const controllerPermissions = (providerKinds: readonly KindUse[], lease: string): Permissions => ({
  ...controllerWork(providerKinds),
  own: [
    allow('coordination.k8s.io', ['leases'], ['create']),
    { ...allow('coordination.k8s.io', ['leases'], [...read, 'update']), resourceNames: [lease] },
    // Who leads is told on the Lease.
    allow('events.k8s.io', ['events'], ['create', 'patch']),
  ],
});

const controllerWork = (providerKinds: readonly KindUse[]): Omit<Permissions, 'own'> => ({
  workedOn: [
    allow('apps', ['deployments'], [...read, 'create', 'patch', 'delete']),
    allow('apps', ['deployments/status'], ['patch']),
    allow('apps', ['replicasets'], ['get', 'list']),
    allow('', ['pods'], ['get', 'list']),
    allow('', ['services'], [...read, 'create', 'patch', 'delete']),
    allow('discovery.k8s.io', ['endpointslices'], read),
    allow('events.k8s.io', ['events'], ['create', 'patch']),
    allow(group, ['canarypolicies'], read),
    allow(group, ['releases'], [...read, 'create', 'patch', 'delete']),
    allow(group, ['releases/status'], ['patch']),
    ...routeKinds(providerKinds).map(routeRule),
  ],
  clusterWide: [
    allow(group, ['clustercanarypolicies'], read),
    // Labels that opt in, and those that ask for a mesh's sidecar.
    allow('', ['namespaces'], read),
    // Kinds of meshes are watched from the moment they are installed.
    allow('apiextensions.k8s.io', ['customresourcedefinitions'], read),
  ],
});

export type WebhookNames = {
  /** Of both webhook configurations. */
  readonly configuration: string;
  /** Of the Secret that holds the certificate. */
  readonly secret: string;
};

/** In Sluice's own namespace, where somebody else makes the certificate. */
export const suppliedCertificateRules = ({ secret }: WebhookNames): readonly PolicyRule[] => [
  { ...allow('', ['secrets'], read), resourceNames: [secret] },
];

/** The webhook's permissions: the objects it may change are named. Only creating cannot be limited to a name. */
export const webhookPermissions = (names: WebhookNames): Permissions => ({
  workedOn: [
    allow(group, ['canarypolicies'], read),
    // Who writes past the guard is told.
    allow('events.k8s.io', ['events'], ['create', 'patch']),
    // Their metadata alone is asked for: who uses a policy that changes or goes.
    allow('apps', ['deployments'], ['list', 'watch']),
  ],
  clusterWide: [
    allow(group, ['clustercanarypolicies'], read),
    // Names alone: whether what a policy's provider works with is installed.
    allow('apiextensions.k8s.io', ['customresourcedefinitions'], ['list', 'watch']),
    // Labels that opt in.
    allow('', ['namespaces'], ['list', 'watch']),
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
      resourceNames: [names.configuration],
      verbs: [...read, 'patch'],
    },
  ],
  own: [
    allow('', ['secrets'], ['create']),
    { ...allow('', ['secrets'], [...read, 'update']), resourceNames: [names.secret] },
  ],
});

/** Everything one user needs who alone works on a cluster from outside (`dev`), as rules of one ClusterRole. */
export const rules = (providerKinds: readonly KindUse[]): readonly PolicyRule[] => {
  const { workedOn, clusterWide } = controllerWork(providerKinds);
  return [...workedOn, ...clusterWide];
};

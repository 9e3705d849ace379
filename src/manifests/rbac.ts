/** Sluice's permissions. The chart's roles and the role of `dev` are generated from them. */
import { byKind, type KindUse } from '../values/kind-use.ts';
import type { Gvk } from '../values/kube-object.ts';
import { admissionKinds } from '../core/protection/protecting-kinds.ts';
import { kinds } from '../schema/kinds.ts';
import { group } from '../schema/names.ts';

export type PolicyRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** Rules grouped by scope, so that an installation for one namespace gets no more than it needs. */
export type Permissions = {
  /** In every namespace Sluice works on. */
  readonly workedOn: readonly PolicyRule[];
  /** For cluster-scoped objects. */
  readonly clusterWide: readonly PolicyRule[];
  /** In Sluice's own namespace. */
  readonly own: readonly PolicyRule[];
};

const read = ['get', 'list', 'watch'] as const;

const allow = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});

/** Kinds of meshes and gateways. Built-in kinds have their own, narrower rules. */
export const routeKinds = (providerKinds: readonly KindUse[]): readonly KindUse[] => {
  const key = ({ group: g, plural }: Gvk): string => `${g}/${plural}`;
  const known = new Set(Object.values<Gvk>(kinds).map(key));
  return byKind(providerKinds.filter(({ gvk }) => !known.has(key(gvk))));
};

const verbsFor = { read, adopt: ['update', 'patch'], own: ['create', 'update', 'patch', 'delete'] } as const;

/** Verbs in the order of Kubernetes' own roles. */
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
 * The controller's permissions. `providerKinds` are the kinds that traffic providers use; `lease` is the name of the
 * leader election Lease.
 */
export const controllerPermissions = (providerKinds: readonly KindUse[], lease: string): Permissions => ({
  ...controllerWork(providerKinds),
  own: [
    allow('coordination.k8s.io', ['leases'], ['create']),
    { ...allow('coordination.k8s.io', ['leases'], [...read, 'update']), resourceNames: [lease] },
    // Leader election events on the Lease.
    allow('events.k8s.io', ['events'], ['create', 'patch']),
  ],
});

const controllerWork = (providerKinds: readonly KindUse[]): Omit<Permissions, 'own'> => ({
  workedOn: [
    allow('apps', ['deployments'], [...read, 'create', 'patch', 'delete']),
    allow('apps', ['deployments/status'], ['patch']),
    // To give a workload back the size it had before its autoscaler saw a part of the load.
    allow('apps', ['deployments/scale'], ['patch']),
    allow('autoscaling', ['horizontalpodautoscalers'], read),
    // Those of a canary that was deleted are deleted, too, where the garbage collector is late.
    allow('apps', ['replicasets'], ['get', 'list', 'delete']),
    // Those of canaries.
    allow('', ['pods'], [...read, 'delete']),
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
    // For labels that opt in and labels that request a mesh's sidecar.
    allow('', ['namespaces'], read),
    // To watch the kinds of meshes as soon as they are installed.
    allow('apiextensions.k8s.io', ['customresourcedefinitions'], read),
  ],
});

/** For what only the webhook reads. */
const admissionWork: readonly PolicyRule[] = [
  // The access modes of volumes.
  allow('', ['persistentvolumeclaims'], ['list', 'watch']),
];

export type WebhookNames = {
  /** Name of both webhook configurations. */
  readonly configuration: string;
  /** Name of the certificate's Secret. */
  readonly secret: string;
};

/** Rules in Sluice's own namespace if somebody else issues the certificate. */
export const suppliedCertificateRules = ({ secret }: WebhookNames): readonly PolicyRule[] => [
  { ...allow('', ['secrets'], read), resourceNames: [secret] },
];

/** The webhook's permissions. Objects it may change are listed by name; RBAC cannot restrict creation by name. */
export const webhookPermissions = (names: WebhookNames): Permissions => ({
  workedOn: [
    allow(group, ['canarypolicies'], read),
    // Break-glass events.
    allow('events.k8s.io', ['events'], ['create', 'patch']),
    // Metadata only, to find the workloads that use a changed or deleted policy.
    allow('apps', ['deployments'], ['list', 'watch']),
    ...admissionWork,
    // To warn of objects that cannot be copied for a canary.
    ...admissionKinds.map(({ use: { gvk } }) => allow(gvk.group, [gvk.plural], ['list', 'watch'])),
  ],
  clusterWide: [
    allow(group, ['clustercanarypolicies'], read),
    // Names only, to know whether the kinds of a policy's provider are installed.
    allow('apiextensions.k8s.io', ['customresourcedefinitions'], ['list', 'watch']),
    // For labels that opt in.
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

/** The rules of the single ClusterRole that `dev` uses. */
export const rules = (providerKinds: readonly KindUse[]): readonly PolicyRule[] => {
  const { workedOn, clusterWide } = controllerWork(providerKinds);
  return [...workedOn, ...admissionWork, ...clusterWide];
};

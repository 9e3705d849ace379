/** The two webhook configurations. They match as few writes as possible. */
import type { KindUse } from '../values/kind-use.ts';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { optInLabels } from '../schema/annotations.ts';
import { guards, routes, strangers } from './guard-webhooks.ts';
import { changesARelease, changesUnspoken, makesARequest, templateChanges } from './match-conditions.ts';
import { group, systemNamespaces, version } from '../schema/names.ts';
import { literal, notKubernetesItself, rule, type Condition, type Scope } from './webhook-scope.ts';

/** How the API server reaches the webhook: a base URL without a path, or a Service. */
export type WebhookClient =
  | { readonly url: string }
  | { readonly service: { readonly name: string; readonly namespace: string; readonly port?: number } };

export type WebhookOptions = {
  /** Name of both configurations. */
  readonly name: string;
  readonly clientConfig: WebhookClient;
  /** Base64 of the trusted authorities (PEM). If missing, it is patched in later. */
  readonly caBundle?: string;
  /** User names of Sluice's own service accounts. Their writes match only if they change a template. */
  readonly sluiceUsers: readonly string[];
  /** Kinds that traffic providers work with. */
  readonly providerKinds: readonly KindUse[];
  /** The namespace that Sluice is installed in, about which it is never asked. */
  readonly ownNamespace?: string;
  /** Match only this namespace, and no ClusterCanaryPolicy. */
  readonly namespace?: string;
  /** What the API server does with changes to templates, policies and requests while no webhook answers. */
  readonly failurePolicy: 'Fail' | 'Ignore';
};

export type WebhookConfiguration = KubeObject & { readonly webhooks: readonly JsonObject[] };

const timeoutSeconds = 5;

export const optedInNamespacesName = 'opted-in-namespaces';
/** A label that every namespace has. */
export const namespaceName = 'kubernetes.io/metadata.name';

/** A MutatingWebhookConfiguration and a ValidatingWebhookConfiguration, in this order. */
export const webhookConfigurations = (
  options: WebhookOptions,
): readonly [mutating: WebhookConfiguration, validating: WebhookConfiguration] => {
  const guarding = {
    entry: (scope: Scope) => webhook(options, scope),
    at: (path: string) => clientConfig(options, path),
    providerKinds: options.providerKinds,
  };
  const mutating = [
    deployments(options, ['deployments', 'deployments/status']),
    optedInNamespaces(options, 'mutating'),
    releases(options),
    routes(guarding),
    policies(options),
  ].map((webhook) => ({ ...webhook, clientConfig: clientConfig(options, '/mutate'), reinvocationPolicy: 'IfNeeded' }));
  const validating = [
    ...[
      // Another admission controller may change the template in one of Sluice's own writes.
      deployments(options, ['deployments'], `oldObject != null && ${templateChanges}`),
      optedInNamespaces(options, 'validating'),
      releases(options),
      records(options),
      policies(options),
      policiesInUse(options),
    ].map((webhook) => ({ ...webhook, clientConfig: clientConfig(options, '/validate') })),
    ...guards(guarding),
    ...strangers(guarding),
  ];
  return [
    configuration('MutatingWebhookConfiguration', options, mutating),
    configuration('ValidatingWebhookConfiguration', options, validating),
  ];
};

const configuration = (
  kind: string,
  { name }: WebhookOptions,
  webhooks: readonly JsonObject[],
): WebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name },
  webhooks,
});

const clientConfig = ({ clientConfig: client, caBundle }: WebhookOptions, path: string): JsonObject => ({
  ...('url' in client ? { url: client.url.replace(/\/$/, '') + path } : { service: { ...client.service, path } }),
  ...(caBundle === undefined ? {} : { caBundle }),
});

const webhook = (options: WebhookOptions, { name, rules, conditions, ownWrites }: Scope): JsonObject => ({
  name: `${name}.${group}`,
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  timeoutSeconds,
  failurePolicy: options.failurePolicy,
  matchPolicy: 'Equivalent',
  namespaceSelector: namespaceSelector(options),
  rules,
  matchConditions: [...notSluiceItself(options, ownWrites), ...conditions],
});

const namespaceSelector = ({
  namespace,
  ownNamespace,
}: WebhookOptions): { readonly matchExpressions: readonly JsonObject[] } => {
  const key = namespaceName;
  const only = namespace === undefined ? [] : [{ key, operator: 'In', values: [namespace] }];
  const never = [...systemNamespaces, ...(ownNamespace === undefined ? [] : [ownNamespace])];
  return { matchExpressions: [...only, { key, operator: 'NotIn', values: never }] };
};

const notSluiceItself = ({ sluiceUsers }: WebhookOptions, unless: string | true | undefined): readonly Condition[] => {
  if (sluiceUsers.length === 0 || unless === true) return [];
  const others = `!(request.userInfo.username in [${sluiceUsers.map(literal).join(', ')}])`;
  return [{ name: 'not-sluice-itself', expression: unless === undefined ? others : `${others} || ${unless}` }];
};

/**
 * Deployments with annotations or labels of ours, and only when something changes that a release depends on: scaling,
 * status updates and everything else never wait for Sluice. `deployments/status` is included because annotations can be
 * written through it.
 *
 * This is one condition, with the cheapest tests first, because the API server always evaluates every condition, and
 * does so for every write of any Deployment.
 */
const deployments = (options: WebhookOptions, resources: readonly string[], ownWrites?: string): JsonObject =>
  webhook(options, {
    name: 'deployments',
    ...(ownWrites === undefined ? {} : { ownWrites }),
    rules: [rule('apps', ['v1'], resources, ['CREATE', 'UPDATE'])],
    conditions: [
      {
        name: 'changes-a-release',
        expression: changesARelease,
      },
    ],
  });

/**
 * Deployments without annotations or labels of ours, in namespaces whose label opts them in. The entries for policies'
 * selectors are copied from this one at run time (manifests/selections.ts).
 */
const optedInNamespaces = (options: WebhookOptions, stage: Parameters<typeof changesUnspoken>[0]): JsonObject => {
  const entry = webhook(options, {
    name: optedInNamespacesName,
    rules: [rule('apps', ['v1'], ['deployments'], ['UPDATE'])],
    conditions: [{ name: 'changes-a-release', expression: changesUnspoken(stage) }],
  });
  const { matchExpressions } = namespaceSelector(options);
  const optedIn = { key: optInLabels.canary, operator: 'In', values: ['enabled'] };
  return { ...entry, namespaceSelector: { matchExpressions: [...matchExpressions, optedIn] } };
};

/** Users' requests on Releases, which the webhook stamps with their author. */
const releases = (options: WebhookOptions): JsonObject =>
  webhook(options, {
    name: 'releases',
    rules: [rule(group, [version], ['releases'], ['CREATE', 'UPDATE'])],
    conditions: [{ name: 'makes-a-request', expression: makesARequest }],
  });

/** Creation of Releases and writes to their status, which only Sluice may do. */
const records = (options: WebhookOptions): JsonObject =>
  webhook(options, {
    name: 'records',
    rules: [rule(group, [version], ['releases'], ['CREATE']), rule(group, [version], ['releases/status'], ['UPDATE'])],
    conditions: [],
  });

/**
 * Policies are checked in the mutating stage, before the API server applies the CRD's schema, so that one answer lists
 * every problem; and again in the validating stage, in case another webhook has changed them.
 */
const policies = (options: WebhookOptions): JsonObject => {
  const rules = [rule(group, [version], policyResources(options), ['CREATE', 'UPDATE'])];
  return webhook(options, { name: 'policies', rules, conditions: [] });
};

const policyResources = ({ namespace }: WebhookOptions): readonly string[] => [
  'canarypolicies',
  ...(namespace === undefined ? ['clustercanarypolicies'] : []),
];

/** Deletion of policies, for the warning. Never `Fail`: if Sluice is gone, namespaces must still be deletable. */
const policiesInUse = (options: WebhookOptions): JsonObject => ({
  ...webhook(options, {
    name: 'policies-in-use',
    rules: [rule(group, [version], policyResources(options), ['DELETE'])],
    conditions: [notKubernetesItself],
  }),
  failurePolicy: 'Ignore',
});

/** The two webhook configurations: which writes the API server asks Sluice about. As few as can be. */
import type { Gvk, Json, JsonObject, KubeObject } from '../core/kube-object.ts';
import { requestAnnotation, splitAnnotation } from './annotations.ts';
import { group, labels, managedBy, version } from './names.ts';
import { routeKinds } from './rbac.ts';

/** Where the API server finds the webhook: a base address without a path, or a Service. */
export type WebhookClient =
  | { readonly url: string }
  | { readonly service: { readonly name: string; readonly namespace: string; readonly port?: number } };

export type WebhookOptions = {
  /** Name of both configurations. */
  readonly name: string;
  readonly clientConfig: WebhookClient;
  /** Base64 of the PEM authorities the webhook's certificate may come from. Left out, it is patched in later. */
  readonly caBundle?: string;
  /** User names of Sluice's own service accounts: what they write comes back as a question only where a template changes. */
  readonly sluiceUsers: readonly string[];
  /** Kinds that traffic providers read and write. */
  readonly providerKinds: readonly Gvk[];
  /** Ask about this namespace alone, and about no cluster-wide policy. */
  readonly namespace?: string;
  /** What becomes of a change of a template, a policy or a request while no webhook answers. */
  readonly failurePolicy: 'Fail' | 'Ignore';
};

export type WebhookConfiguration = KubeObject & { readonly webhooks: readonly JsonObject[] };

const timeoutSeconds = 5;
const manyAnnotations = 100;

/** A MutatingWebhookConfiguration and a ValidatingWebhookConfiguration, in this order. */
export const webhookConfigurations = (
  options: WebhookOptions,
): readonly [mutating: WebhookConfiguration, validating: WebhookConfiguration] => {
  const mutating = [
    deployments(options, ['deployments', 'deployments/status']),
    releases(options),
    routes(options),
    policies(options),
  ].map((webhook) => ({ ...webhook, clientConfig: clientConfig(options, '/mutate'), reinvocationPolicy: 'IfNeeded' }));
  const validating = [
    // Another admission controller may change the template in a write of Sluice, too.
    deployments(options, ['deployments'], `oldObject != null && ${templateChanges}`),
    releases(options),
    policies(options),
    policiesInUse(options),
    owned(options),
  ].map((webhook) => ({ ...webhook, clientConfig: clientConfig(options, '/validate') }));
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

type Condition = { readonly name: string; readonly expression: string };
type Scope = {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  readonly conditions: readonly Condition[];
  /** Sluice's own writes that are asked about, too: an expression. */
  readonly ownWrites?: string;
};

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

const namespaceSelector = ({ namespace }: WebhookOptions): JsonObject => {
  const key = 'kubernetes.io/metadata.name';
  const only = namespace === undefined ? [] : [{ key, operator: 'In', values: [namespace] }];
  // The control plane's own workloads must come up whatever becomes of Sluice.
  return { matchExpressions: [...only, { key, operator: 'NotIn', values: ['kube-system'] }] };
};

const rule = (
  apiGroup: string,
  versions: Json,
  resources: readonly string[],
  operations: readonly string[],
): JsonObject => ({
  apiGroups: [apiGroup],
  apiVersions: versions,
  resources,
  operations,
  scope: '*',
});

/** A text as a CEL literal: JSON's escapes are CEL's, too. */
const literal = (text: string): string => JSON.stringify(text);

const notSluiceItself = ({ sluiceUsers }: WebhookOptions, unless: string | undefined): readonly Condition[] => {
  if (sluiceUsers.length === 0) return [];
  const others = `!(request.userInfo.username in [${sluiceUsers.map(literal).join(', ')}])`;
  return [{ name: 'not-sluice-itself', expression: unless === undefined ? others : `${others} || ${unless}` }];
};

const annotationsOf = (object: string): string => `${object}.?metadata.?annotations.orValue({})`;
const ours = `k.startsWith(${literal(`${group}/`)})`;
/**
 * Whether the object has an annotation that fits. The API server's loops take time by the square of their length (it
 * counts their cost that way), so an object with more annotations than anybody needs is asked about unseen.
 */
const annotated = (object: string, fits: string): string =>
  `(${annotationsOf(object)}.size() > ${manyAnnotations} || ${annotationsOf(object)}.exists(k, ${fits}))`;
/** Whether `a` has an annotation of ours that `b` has not, or not with this value. */
const differs = (a: string, b: string): string =>
  annotated(a, `${ours} && ${annotationsOf(b)}[?k] != ${annotationsOf(a)}[?k]`);
const templateChanges = 'object.spec.template != oldObject.spec.template';
const isPaused = (object: string): string => `${object}.spec.?paused.orValue(false)`;
const changedAnnotations = [
  `${annotationsOf('object')} != ${annotationsOf('oldObject')}`,
  `(${differs('object', 'oldObject')} || ${differs('oldObject', 'object')})`,
].join(' && ');

/**
 * Deployments with an annotation of ours before or after (any: a misspelt one is to be told), and only when something
 * changes that a release depends on. Scaling, status and everything else never wait for Sluice. `deployments/status`
 * is there because annotations can be written through it.
 *
 * One condition, cheapest questions first: the API server evaluates all conditions to their end, and asks them about
 * every write of a Deployment, also of those that have never heard of Sluice.
 */
const deployments = (options: WebhookOptions, resources: readonly string[], ownWrites?: string): JsonObject =>
  webhook(options, {
    name: 'deployments',
    ...(ownWrites === undefined ? {} : { ownWrites }),
    rules: [rule('apps', ['v1'], resources, ['CREATE', 'UPDATE'])],
    conditions: [
      {
        name: 'changes-a-release',
        expression: [
          `oldObject == null && ${annotated('object', ours)}`,
          `oldObject != null && (${[
            `(${[templateChanges, `${isPaused('object')} != ${isPaused('oldObject')}`].join(
              ' || ',
            )}) && (${annotated('object', ours)} || ${annotated('oldObject', ours)})`,
            changedAnnotations,
          ].join(' || ')})`,
        ].join(' || '),
      },
    ],
  });

/** Requests of people: their author is who the API server says it is. */
const releases = (options: WebhookOptions): JsonObject => {
  const request = (object: string): string => `${annotationsOf(object)}[?${literal(requestAnnotation)}]`;
  return webhook(options, {
    name: 'releases',
    rules: [rule(group, [version], ['releases'], ['CREATE', 'UPDATE'])],
    conditions: [
      {
        name: 'makes-a-request',
        expression: `${request('object')} != (oldObject == null ? optional.none() : ${request('oldObject')})`,
      },
    ],
  });
};

/**
 * Asked about before the API server looks at its own schema, so that every problem of a policy is in one answer, and once
 * more in the end, in case another webhook has changed it.
 */
const policies = (options: WebhookOptions): JsonObject => {
  const rules = [rule(group, [version], policyResources(options), ['CREATE', 'UPDATE'])];
  return webhook(options, { name: 'policies', rules, conditions: [] });
};

const policyResources = ({ namespace }: WebhookOptions): readonly string[] => [
  'canarypolicies',
  ...(namespace === undefined ? ['clustercanarypolicies'] : []),
];

/** Who deletes a policy is warned. Never `Fail`: where Sluice is gone, a namespace must still be deletable. */
const policiesInUse = (options: WebhookOptions): JsonObject => ({
  ...webhook(options, {
    name: 'policies-in-use',
    rules: [rule(group, [version], policyResources(options), ['DELETE'])],
    conditions: [notKubernetesItself],
  }),
  failurePolicy: 'Ignore',
});

const notKubernetesItself: Condition = {
  name: 'not-kubernetes-itself',
  expression: '!request.userInfo.username.startsWith("system:serviceaccount:kube-system:")',
};

/**
 * Routes that carry a split, before or after. Asked about what Sluice itself writes, too: its trace is kept out of the
 * field managers. Never `Fail`: a split that is lost for a moment is repaired by the controller, and a route of the user
 * must not depend on Sluice.
 */
const routes = (options: WebhookOptions): JsonObject => {
  const carries = (object: string): string => `${annotationsOf(object)}[?${literal(splitAnnotation)}].hasValue()`;
  const { matchConditions, ...entry } = webhook(options, {
    name: 'routes',
    rules: routeKinds(options.providerKinds).map((gvk) =>
      rule(gvk.group, [gvk.version], [gvk.plural], ['CREATE', 'UPDATE']),
    ),
    conditions: [],
  });
  const condition = {
    name: 'carries-a-split',
    expression: `${carries('object')} || (oldObject != null && ${carries('oldObject')})`,
  };
  return { ...entry, matchConditions: [condition], failurePolicy: 'Ignore' };
};

/** What Sluice made. Never `Fail`: where Sluice is gone, its leftovers must be removable by hand. */
const owned = (options: WebhookOptions): JsonObject => ({
  ...webhook(options, {
    name: 'owned',
    rules: [
      rule('apps', ['v1'], ['deployments'], ['CREATE', 'UPDATE', 'DELETE']),
      rule('', ['v1'], ['services'], ['CREATE', 'UPDATE', 'DELETE']),
    ],
    conditions: [notKubernetesItself],
  }),
  failurePolicy: 'Ignore',
  objectSelector: { matchLabels: { [labels.managedBy]: managedBy } },
});

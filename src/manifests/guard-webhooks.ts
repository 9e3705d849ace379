/** Webhook entries that guard the objects Sluice made, Releases under way, and the routes that carry a split. */
import type { Access, KindUse } from '../values/kind-use.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { breakGlassAnnotation, optInLabels, splitAnnotation } from '../schema/annotations.ts';
import { canaryName, canarySelector, group, labels, managedBy, version } from '../schema/names.ts';
import { finalPhases } from '../schema/release.ts';
import { routeKinds } from './rbac.ts';
import {
  annotationsOf,
  labelsOf,
  literal,
  notKubernetesItself,
  rule,
  type Condition,
  type Scope,
} from './webhook-scope.ts';

/** How to build an entry of the surrounding configuration. */
export type Guarding = {
  readonly entry: (scope: Scope) => JsonObject;
  /** The client configuration for a path. */
  readonly at: (path: string) => JsonObject;
  /** Kinds that traffic providers work with. */
  readonly providerKinds: readonly KindUse[];
};

/**
 * Rules for the kinds that are used in a certain way. In one version, the one that is watched: `matchPolicy: Equivalent` has the
 * API server convert what is written in another, so that nothing is ever read in a version that Sluice does not know.
 */
const kindRules = (
  providerKinds: readonly KindUse[],
  done: Access,
  operations: readonly string[],
): readonly JsonObject[] =>
  routeKinds(providerKinds)
    .filter(({ access }) => access.includes(done))
    .map((use) => rule(use.gvk.group, [use.gvk.version], [use.gvk.plural], operations));

/**
 * Routes that carry a split, before or after the write. Sluice's own writes are included, because the webhook removes
 * them from managedFields. Never `Fail`: the controller repairs a lost split, and a user's route must not depend on
 * Sluice.
 */
export const routes = ({ entry, providerKinds }: Guarding): JsonObject => {
  const carries = (object: string): string => `${annotationsOf(object)}[?${literal(splitAnnotation)}].hasValue()`;
  const expression = `${carries('object')} || (oldObject != null && ${carries('oldObject')})`;
  const scope = {
    name: 'routes',
    rules: kindRules(providerKinds, 'adopt', ['CREATE', 'UPDATE']),
    conditions: [{ name: 'carries-a-split', expression }],
    ownWrites: true,
  } as const;
  return { ...entry(scope), failurePolicy: 'Ignore' };
};

/**
 * The objects Sluice made. Never `Fail`: if Sluice is gone, its leftovers must be removable by hand. Writes with a
 * break-glass reason by users with the right go to another path; the API server's own authoriser decides who has it.
 */
export const guards = (guarding: Guarding): readonly JsonObject[] => [
  {
    ...owned(guarding, { name: 'owned', expression: `!(${breaksGlass})` }),
    clientConfig: guarding.at('/validate/owned'),
  },
  {
    ...owned(guarding, { name: 'broken-glass', expression: breaksGlass }),
    clientConfig: guarding.at('/validate/break-glass'),
    // The side effect is an event.
    sideEffects: 'NoneOnDryRun',
  },
  { ...scales(guarding), clientConfig: guarding.at('/validate/owned') },
  {
    ...underWay(guarding, { name: 'releases-under-way', expression: `!(${breaksGlass})` }),
    clientConfig: guarding.at('/validate/owned'),
  },
  {
    ...underWay(guarding, { name: 'releases-broken-glass', expression: breaksGlass }),
    clientConfig: guarding.at('/validate/break-glass'),
    sideEffects: 'NoneOnDryRun',
  },
];

const saysWhy = (object: string): string =>
  `(${object} != null && ${annotationsOf(object)}[?${literal(breakGlassAnnotation)}].hasValue())`;
const mayBreakGlass = [
  `authorizer.group(${literal(group)}).resource("releases")`,
  'namespace(request.namespace).check("break-glass").allowed()',
].join('.');
const breaksGlass = `(${saysWhy('object')} || ${saysWhy('oldObject')}) && ${mayBreakGlass}`;

/**
 * A write to the status subresource can change annotations, except on custom resources; so routes need no status rule.
 */
const owned = ({ entry, providerKinds }: Guarding, { name, expression }: Condition): JsonObject => ({
  ...entry({
    name,
    rules: [
      rule('apps', ['v1'], ['deployments', 'deployments/status'], ['CREATE', 'UPDATE', 'DELETE']),
      rule('', ['v1'], ['services', 'services/status'], ['CREATE', 'UPDATE', 'DELETE']),
      ...kindRules(providerKinds, 'own', ['CREATE', 'UPDATE', 'DELETE']),
    ],
    conditions: [notKubernetesItself, { name: 'break-glass', expression }],
  }),
  failurePolicy: 'Ignore',
  objectSelector: { matchLabels: { [labels.managedBy]: managedBy } },
});

const over = ['', ...finalPhases].map(literal).join(', ');

/**
 * Deletion of Releases that have begun and are not over. Kubernetes itself is never asked about it: a namespace or a
 * workload takes its Releases with it.
 */
const underWay = ({ entry }: Guarding, { name, expression }: Condition): JsonObject => ({
  ...entry({
    name,
    rules: [rule(group, [version], ['releases'], ['DELETE'])],
    conditions: [
      notKubernetesItself,
      { name: 'is-under-way', expression: `!(oldObject.?status.?phase.orValue("") in [${over}])` },
      { name: 'break-glass', expression },
    ],
  }),
  failurePolicy: 'Ignore',
});

/**
 * Objects of other kinds that ask for releases, and what would scale a canary: for a warning and a refusal. Never
 * `Fail`: nothing depends on the answer.
 */
export const strangers = ({ entry, at }: Guarding): readonly JsonObject[] =>
  [
    entry({
      name: 'other-workloads',
      rules: [
        rule('apps', ['v1'], ['statefulsets', 'daemonsets'], ['CREATE', 'UPDATE']),
        rule('batch', ['v1'], ['jobs', 'cronjobs'], ['CREATE', 'UPDATE']),
      ],
      conditions: [{ name: 'asks-for-releases', expression: `${asks('object')} && !(${asksAlready})` }],
    }),
    entry({
      name: 'autoscalers',
      rules: [rule('autoscaling', ['v1', 'v2'], ['horizontalpodautoscalers'], ['CREATE', 'UPDATE'])],
      conditions: [
        {
          name: 'of-a-canary',
          expression: `object.spec.scaleTargetRef.name.endsWith(${literal(canaryName(''))})`,
        },
      ],
    }),
  ].map((webhook) => ({ ...webhook, failurePolicy: 'Ignore', clientConfig: at('/validate') }));

const optIns = Object.values(optInLabels).map(literal);
const hasOne = (map: string): string => optIns.map((key) => `${map}[?${key}].hasValue()`).join(' || ');
const asks = (object: string): string => `(${hasOne(annotationsOf(object))} || ${hasOne(labelsOf(object))})`;
const asksAlready = `oldObject != null && ${asks('oldObject')}`;

/** Scaling of a canary. A Scale has no labels, so a canary's is recognised by its selector. */
const scales = ({ entry }: Guarding): JsonObject => ({
  ...entry({
    name: 'scales',
    rules: [rule('apps', ['v1'], ['deployments/scale'], ['UPDATE'])],
    conditions: [
      {
        name: 'of-a-canary',
        expression: `oldObject.?status.?selector.orValue("").contains(${literal(canarySelector)})`,
      },
    ],
  }),
  failurePolicy: 'Ignore',
});

/** The entries of the webhook configurations about what Sluice made, and about routes that it has put a split into. */
import { versionsOf, type Access, type KindUse } from '../values/kind-use.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { breakGlassAnnotation, splitAnnotation } from '../schema/annotations.ts';
import { canarySelector, group, labels, managedBy } from '../schema/names.ts';
import { routeKinds } from './rbac.ts';
import { annotationsOf, literal, notKubernetesItself, rule, type Condition, type Scope } from './webhook-scope.ts';

/** How the configurations that the entries go into make an entry. */
export type Guarding = {
  readonly entry: (scope: Scope) => JsonObject;
  /** The client configuration of a path. */
  readonly at: (path: string) => JsonObject;
  /** Kinds that traffic providers work with. */
  readonly providerKinds: readonly KindUse[];
};

/** Rules about the kinds that something is done with. */
const kindRules = (
  providerKinds: readonly KindUse[],
  done: Access,
  operations: readonly string[],
): readonly JsonObject[] =>
  routeKinds(providerKinds)
    .filter(({ access }) => access.includes(done))
    .map((use) => rule(use.gvk.group, versionsOf(use), [use.gvk.plural], operations));

/**
 * Routes that carry a split, before or after. Asked about what Sluice itself writes, too: its trace is kept out of the
 * field managers. Never `Fail`: a split that is lost for a moment is repaired by the controller, and a route of the user
 * must not depend on Sluice.
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
 * What Sluice made. Never `Fail`: where Sluice is gone, its leftovers must be removable by hand. Those who may write past
 * the guard, and say why, are led to another path; who they are is for the API server's own authorisation to say.
 */
export const guards = (guarding: Guarding): readonly JsonObject[] => [
  {
    ...owned(guarding, { name: 'owned', expression: `!(${breaksGlass})` }),
    clientConfig: guarding.at('/validate/owned'),
  },
  {
    ...owned(guarding, { name: 'broken-glass', expression: breaksGlass }),
    clientConfig: guarding.at('/validate/break-glass'),
    // It is told in an event.
    sideEffects: 'NoneOnDryRun',
  },
  { ...scales(guarding), clientConfig: guarding.at('/validate/owned') },
];

const saysWhy = (object: string): string =>
  `(${object} != null && ${annotationsOf(object)}[?${literal(breakGlassAnnotation)}].hasValue())`;
const mayBreakGlass = [
  `authorizer.group(${literal(group)}).resource("releases")`,
  'namespace(request.namespace).check("break-glass").allowed()',
].join('.');
const breaksGlass = `(${saysWhy('object')} || ${saysWhy('oldObject')}) && ${mayBreakGlass}`;

/** With a status, too, annotations are written. That of a route is its mesh's, and a custom resource's carries none. */
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

/** The size of a canary. A Scale has no labels; its selector tells a canary from everything else that is scaled. */
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

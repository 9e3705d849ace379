/** Which requests one entry of a webhook configuration matches. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { kubernetesItself } from '../schema/names.ts';

export type Condition = { readonly name: string; readonly expression: string };
export type Scope = {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  readonly conditions: readonly Condition[];
  /** Also match Sluice's own writes: those for which the CEL expression holds, or all. */
  readonly ownWrites?: string | true;
};

/** Operations on resources of one group, as an admission rule. */
export const rule = (
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

/** A text as a CEL literal. JSON and CEL use the same escapes. */
export const literal = (text: string): string => JSON.stringify(text);

/** The annotations of an object in CEL; an empty map if it has none. */
export const annotationsOf = (object: string): string => `${object}.?metadata.?annotations.orValue({})`;

/** The same of its labels. */
export const labelsOf = (object: string): string => `${object}.?metadata.?labels.orValue({})`;

/** Excludes Kubernetes' own controllers (garbage collection, namespace deletion), which must not depend on Sluice. */
export const notKubernetesItself: Condition = {
  name: 'not-kubernetes-itself',
  expression: [
    `!request.userInfo.username.startsWith(${literal(kubernetesItself.prefix)})`,
    `!(request.userInfo.username in [${kubernetesItself.users.map(literal).join(', ')}])`,
  ].join(' && '),
};

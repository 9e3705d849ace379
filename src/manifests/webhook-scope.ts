/** What one webhook of a configuration is asked about. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { kubernetesItself } from '../schema/names.ts';

export type Condition = { readonly name: string; readonly expression: string };
export type Scope = {
  readonly name: string;
  readonly rules: readonly JsonObject[];
  readonly conditions: readonly Condition[];
  /** Sluice's own writes that are asked about, too: an expression, or all of them. */
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

/** A text as a CEL literal: JSON's escapes are CEL's, too. */
export const literal = (text: string): string => JSON.stringify(text);

/** The annotations of an object in CEL; an empty map where it has none. */
export const annotationsOf = (object: string): string => `${object}.?metadata.?annotations.orValue({})`;

/** Garbage collection, namespace deletion and the like: nothing they do depends on Sluice. */
export const notKubernetesItself: Condition = {
  name: 'not-kubernetes-itself',
  expression: [
    `!request.userInfo.username.startsWith(${literal(kubernetesItself.prefix)})`,
    `!(request.userInfo.username in [${kubernetesItself.users.map(literal).join(', ')}])`,
  ].join(' && '),
};

/** The specs of CanaryPolicy and ClusterCanaryPolicy: how to release, and which workloads are released so without naming it. */
import { Type, type Static } from 'typebox';
import { labelSelector } from './label-selector.ts';
import { policyRules } from './policy-rules.ts';
import { notInPolicies, otherPolicyNames } from './other-tools.ts';
import { PolicySpecSchema } from './policy.ts';

const options = {
  additionalProperties: false,
  otherNames: otherPolicyNames,
  notHere: notInPolicies,
  rules: policyRules,
} as const;

const namespaced = {
  selector: Type.Optional(
    labelSelector(
      'Opts in the Deployments of this namespace whose labels fit, and is their policy; `{}` fits all. Nothing is opted in where it is not set.',
    ),
  ),
};

const clusterWide = {
  selector: Type.Optional(
    labelSelector(
      'Opts in the Deployments whose labels fit, and is their policy; `{}` fits all. Where only `namespaceSelector` is set, all of its namespaces.',
    ),
  ),
  namespaceSelector: Type.Optional(
    labelSelector('Only in namespaces whose labels fit. Where only `selector` is set, in all of them.'),
  ),
};

export const CanaryPolicySpecSchema = Type.Object({ ...PolicySpecSchema.properties, ...namespaced }, options);
export const ClusterCanaryPolicySpecSchema = Type.Object({ ...PolicySpecSchema.properties, ...clusterWide }, options);

/** As a person writes it: everything optional. A CanaryPolicy has no `namespaceSelector`. */
export type SelectingPolicySpec = Static<typeof ClusterCanaryPolicySpecSchema>;

export const policySpecSchemas = {
  CanaryPolicy: CanaryPolicySpecSchema,
  ClusterCanaryPolicy: ClusterCanaryPolicySpecSchema,
} as const;

export type PolicyKind = keyof typeof policySpecSchemas;

/** What the policy says about how to release: all that a Release records of it. */
export const withoutSelectors = <T extends { readonly selector?: unknown; readonly namespaceSelector?: unknown }>({
  selector: _selector,
  namespaceSelector: _namespaceSelector,
  ...spec
}: T): Omit<T, 'selector' | 'namespaceSelector'> => spec;

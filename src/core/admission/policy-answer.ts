/** Answers to writes and deletions of a CanaryPolicy or ClusterCanaryPolicy. */
import type { KubeObject } from '../../values/kube-object.ts';
import { parsePolicySpec } from '../policy/parse-policy.ts';
import { selectingPolicy } from '../policy/opt-in.ts';
import { changeWarnings, deletionWarnings, outOfReachWarnings, type PolicyRef } from '../policy/policy-use.ts';
import { canonicalJson } from '../template/canonical-json.ts';
import { group } from '../../schema/names.ts';
import { denyProblems, pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import type { AdmissionRules } from './admission-rules.ts';

export const isPolicy = ({ group: of, kind }: AdmissionRequest): boolean =>
  of === group && (kind === 'CanaryPolicy' || kind === 'ClusterCanaryPolicy');

const refOf = ({ kind, namespace = '' }: AdmissionRequest, { metadata }: KubeObject): PolicyRef =>
  kind === 'CanaryPolicy'
    ? { kind, namespace: metadata.namespace ?? namespace, name: metadata.name }
    : { kind: 'ClusterCanaryPolicy', name: metadata.name };

const warned = (name: string, because: string, warnings: readonly string[]): Answer => ({
  ...pass(name, because),
  warnings,
});

/**
 * Denies a wrong policy with all its problems; otherwise admits it, with warnings about the workloads that use it. A
 * write that leaves the spec unchanged always passes, so that a stored policy that breaks a newer rule can still be
 * labelled or lose its finalizers.
 */
export const policyAnswer = (request: AdmissionRequest, rules: AdmissionRules): Answer => {
  const { object, oldObject, kind } = request;
  if (oldObject !== undefined && canonicalJson(oldObject.spec) === canonicalJson(object?.spec)) return pass();
  const parsed = parsePolicySpec(object?.spec, rules, kind === 'CanaryPolicy' ? kind : 'ClusterCanaryPolicy');
  if (!parsed.ok) return denyProblems('invalid', `the ${kind} cannot be read`, parsed.problems);
  const { policyUse } = rules;
  const used =
    oldObject === undefined || policyUse === undefined ? [] : changeWarnings(refOf(request, oldObject), policyUse);
  const covers =
    policyUse === undefined || object === undefined ? [] : outOfReachWarnings(selectingPolicy(object), policyUse);
  return warned('policy-written', `the ${kind} can be read`, [...(parsed.warnings ?? []), ...used, ...covers]);
};

/** Never denies: the warnings say what happens to the policy's workloads, and creating the policy again undoes it. */
export const policyDeletion = (request: AdmissionRequest, { policyUse }: AdmissionRules): Answer => {
  const { oldObject, kind } = request;
  if (oldObject === undefined || policyUse === undefined) return pass();
  return warned('policy-deleted', `the ${kind} goes`, deletionWarnings(refOf(request, oldObject), policyUse));
};

/** What people are told who write or delete a CanaryPolicy or ClusterCanaryPolicy. */
import type { KubeObject } from '../../values/kube-object.ts';
import { parsePolicySpec } from '../policy/parse-policy.ts';
import { changeWarnings, deletionWarnings, type PolicyRef } from '../policy/policy-use.ts';
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
 * Refused with everything that is wrong with it, else admitted with what it means for those who use it. A stored policy
 * that is wrong (from before a rule was made) may still get labels and lose finalizers.
 */
export const policyAnswer = (request: AdmissionRequest, rules: AdmissionRules): Answer => {
  const { object, oldObject, kind } = request;
  if (oldObject !== undefined && canonicalJson(oldObject.spec) === canonicalJson(object?.spec)) return pass();
  const parsed = parsePolicySpec(object?.spec, rules, kind === 'CanaryPolicy' ? kind : 'ClusterCanaryPolicy');
  if (!parsed.ok) return denyProblems('invalid', `the ${kind} cannot be read`, parsed.problems);
  const { policyUse } = rules;
  const used =
    oldObject === undefined || policyUse === undefined ? [] : changeWarnings(refOf(request, oldObject), policyUse);
  return warned('policy-written', `the ${kind} can be read`, [...(parsed.warnings ?? []), ...used]);
};

/** Never a refusal: what becomes of those who use the policy is said, and can be undone by creating it again. */
export const policyDeletion = (request: AdmissionRequest, { policyUse }: AdmissionRules): Answer => {
  const { oldObject, kind } = request;
  if (oldObject === undefined || policyUse === undefined) return pass();
  return warned('policy-deleted', `the ${kind} goes`, deletionWarnings(refOf(request, oldObject), policyUse));
};

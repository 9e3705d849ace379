/** Answers of the validating webhook. It uses the same parsers as the controller. */
import { group } from '../../schema/names.ts';
import type { Instant } from '../../values/time.ts';
import { denyProblems, pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import { decideInput, isDeployment, notADeployment, type AdmissionRules } from './admission-rules.ts';
import { decide } from './decide.ts';
import { changedAfterAnswer, ownWrite } from './verify-admitted.ts';
import { isPolicy, policyAnswer, policyDeletion } from './policy-answer.ts';
import { guardRelease } from './release-guard.ts';
import { requestProblems } from './release-request.ts';
import { strangerAnswer } from './strangers.ts';

/** Pure; never throws for anything that is an AdmissionRequest. Answers carry no patch. */
export const validate = (request: AdmissionRequest, rules: AdmissionRules, now: Instant): Answer => {
  const record = guardRelease(request, rules.sluiceUsers);
  if (record !== undefined) return record;
  if (request.operation === 'DELETE' && isPolicy(request)) return policyDeletion(request, rules);
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return pass();
  if (isDeployment(request)) return validateDeployment(request, rules, now);
  if (isPolicy(request)) return policyAnswer(request, rules);
  const stranger = strangerAnswer(request, rules);
  if (stranger !== undefined) return stranger;
  return request.group === group && request.kind === 'Release' ? validateRelease(request, rules) : pass();
};

/**
 * Repeats the mutating webhook's decision on the object as all mutating webhooks left it: nothing may differ from our
 * answer. The mutating webhook has already given the warnings.
 */
const validateDeployment = (request: AdmissionRequest, rules: AdmissionRules, now: Instant): Answer => {
  const input = decideInput(request, rules, now);
  if (input === undefined) return notADeployment();
  if (rules.sluiceUsers.includes(request.user)) return ownWrite(input);
  const { problems, allowed, because, ...decision } = decide({ ...input, warningsUnused: true });
  if (!allowed) return denyProblems(decision.case, because, problems);
  return changedAfterAnswer(decision, input) ?? pass('validated', because);
};

const validateRelease = (request: AdmissionRequest, rules: AdmissionRules): Answer => {
  if (rules.sluiceUsers.includes(request.user)) return pass();
  const [before, after] = [request.oldObject?.metadata.annotations, request.object?.metadata.annotations];
  const problems = requestProblems({ before, after }, request.user);
  return problems.length === 0 ? pass() : denyProblems('invalid', 'the request cannot be read', problems);
};

/** Answers of the mutating webhook. */
import { group } from '../../schema/names.ts';
import type { Instant } from '../../values/time.ts';
import { denyProblems, pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import { decideInput, isDeployment, notADeployment, type AdmissionRules } from './admission-rules.ts';
import { decide } from './decide.ts';
import { annotationPatch } from './json-patch.ts';
import { keepSplit } from './keep-split.ts';
import { isPolicy, policyAnswer } from './policy-answer.ts';
import { askedFor, signed } from './release-request.ts';

/** Pure; never throws for anything that is an AdmissionRequest. */
export const mutate = (request: AdmissionRequest, rules: AdmissionRules, now: Instant): Answer => {
  if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return pass();
  if (isDeployment(request)) return mutateDeployment(request, rules, now);
  if (isPolicy(request)) return denialOnly(policyAnswer(request, rules));
  if (request.group === group && request.kind === 'Release') return signRequest(request, rules, now);
  return keepSplit(request, rules);
};

/**
 * Denies a bad policy here, before the API server validates it against the CRD's schema: that error would hide ours,
 * which suggests the nearest field name. Warnings are left to the validating webhook, so that they appear once.
 */
const denialOnly = (answer: Answer): Answer => (answer.allowed ? pass() : answer);

const mutateDeployment = (request: AdmissionRequest, rules: AdmissionRules, now: Instant): Answer => {
  const input = decideInput(request, rules, now);
  if (input === undefined) return notADeployment();
  const { problems, ...answer } = decide(input);
  return answer.allowed ? answer : denyProblems(answer.case, answer.because, problems);
};

/** Stamps a user's request with its author. The validating webhook denies unreadable requests. */
const signRequest = (request: AdmissionRequest, rules: AdmissionRules, now: Instant): Answer => {
  const annotations = request.object?.metadata.annotations;
  if (rules.sluiceUsers.includes(request.user)) return pass();
  const asked = askedFor({ before: request.oldObject?.metadata.annotations, after: annotations });
  if (asked.length === 0) return pass();
  const verbs = asked.map(({ verb }) => verb).join(' and ');
  const because =
    asked.length === 1 ? 'is asked for, and the request gets its' : 'are asked for, and the requests get their';
  return {
    ...pass('signed', `${verbs} ${because} author`),
    patch: annotationPatch(annotations, signed(asked, request.user, now)),
  };
};

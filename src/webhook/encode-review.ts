/** AdmissionReview v1 for the wire. */
import type { AdmissionRequest, Answer } from '../core/admission/admission-request.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { reviewVersion } from './decode-review.ts';

/**
 * kube-apiserver drops a warning that does not fit into an HTTP header, and truncates warnings beyond 4096 characters in
 * total.
 */
const longestWarning = 1024;
const mostWarnings = 32;

type Asked = Pick<AdmissionRequest, 'uid' | 'kind' | 'name'>;

/** The AdmissionReview with the answer to a request. */
export const encodeReview = (asked: Asked, answer: Answer): JsonObject => ({
  apiVersion: reviewVersion,
  kind: 'AdmissionReview',
  response: {
    uid: asked.uid,
    allowed: answer.allowed,
    ...(answer.denial === undefined ? {} : { status: failure(asked, answer.denial) }),
    ...(answer.warnings.length === 0 ? {} : { warnings: headerTexts(answer.warnings) }),
    ...(answer.patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: base64(answer.patch) }),
    ...(isPlain(answer) ? {} : { auditAnnotations: { case: answer.case } }),
  },
});

/** `kubectl edit` shows `details.causes` instead of the message, at the top of the editor that it opens again. */
const failure = ({ kind, name }: Asked, { causes = [], ...denial }: NonNullable<Answer['denial']>): JsonObject => ({
  status: 'Failure',
  ...denial,
  ...(causes.length === 0 ? {} : { details: { kind, ...(name === undefined ? {} : { name }), causes: [...causes] } }),
});

/** Whether the write passes unchanged and without a warning. */
export const isPlain = ({ allowed, patch, warnings }: Answer): boolean =>
  allowed && patch.length === 0 && warnings.length === 0;

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const headerTexts = (warnings: readonly string[]): readonly string[] => {
  const shown = warnings.slice(0, mostWarnings).map(headerText);
  return warnings.length === shown.length ? shown : [...shown, `and ${warnings.length - shown.length} more`];
};

const headerText = (warning: string): string => {
  const cut = warning.length <= longestWarning ? warning : `${warning.slice(0, longestWarning - 1)}…`;
  return cut.replace(/\p{Cc}+/gu, ' ').toWellFormed();
};

/** AdmissionReview v1 for the wire. */
import type { Answer } from '../core/admission/admission-request.ts';
import type { JsonObject } from '../core/kube-object.ts';
import { reviewVersion } from './decode-review.ts';

/** kube-apiserver drops a warning that does not fit into an HTTP header, and cuts all of them past 4096 characters. */
const longestWarning = 1024;

/** The review that answers the question of that uid. */
export const encodeReview = (uid: string, answer: Answer): JsonObject => ({
  apiVersion: reviewVersion,
  kind: 'AdmissionReview',
  response: {
    uid,
    allowed: answer.allowed,
    ...(answer.denial === undefined ? {} : { status: { status: 'Failure', ...answer.denial } }),
    ...(answer.warnings.length === 0 ? {} : { warnings: answer.warnings.map(headerText) }),
    ...(answer.patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: base64(answer.patch) }),
    ...(isPlain(answer) ? {} : { auditAnnotations: { case: answer.case } }),
  },
});

/** Whether the write goes through as if Sluice were not there. */
export const isPlain = ({ allowed, patch, warnings }: Answer): boolean =>
  allowed && patch.length === 0 && warnings.length === 0;

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const headerText = (warning: string): string => {
  const line = warning.replace(/\p{Cc}+/gu, ' ').toWellFormed();
  return line.length <= longestWarning ? line : `${line.slice(0, longestWarning - 1).toWellFormed()}…`;
};

/** AdmissionReview v1 for the wire. */
import type { AdmissionRequest, Answer } from '../core/admission/admission-request.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { reviewVersion } from './decode-review.ts';

/** kube-apiserver drops a warning that does not fit into an HTTP header, and cuts all of them past 4096 characters. */
const longestWarning = 1024;
const mostWarnings = 32;

type Asked = Pick<AdmissionRequest, 'uid' | 'kind' | 'name'>;

/** The review that answers the question. */
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

/** kubectl reads the details and leaves the message: an editor is opened again with the causes in its first lines. */
const failure = ({ kind, name }: Asked, { causes = [], ...denial }: NonNullable<Answer['denial']>): JsonObject => ({
  status: 'Failure',
  ...denial,
  ...(causes.length === 0 ? {} : { details: { kind, ...(name === undefined ? {} : { name }), causes: [...causes] } }),
});

/** Whether the write goes through as if Sluice were not there. */
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

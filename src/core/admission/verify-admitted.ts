/**
 * Verifies that the write about to be stored is still what Sluice answered. Other admission controllers may change it
 * afterwards: the API server calls a mutating webhook again at most once, and never if the webhook did not match at
 * first (a label was added later). The validating webhook sees the final object, and all it can do is deny.
 */
import { marks as keys } from '../../schema/annotations.ts';
import { annotationPointer } from '../../values/json-pointer.ts';
import type { Deployment } from '../../values/kube-object.ts';
import { templateDiff } from '../template/template-diff.ts';
import { templateHash } from '../template/template-hash.ts';
import { deny, pass, type Answer } from './admission-request.ts';
import type { Decision } from './decide.ts';
import type { DecideInput } from './facts.ts';
import { boundMarks, readMarks } from '../marks/marks.ts';

/**
 * Marks that may differ. The requester contains the time of the request, which differs between two calls. `admitted`
 * only matters for the record: a native roll does no harm if another controller changed its template.
 */
const forTheRecord: ReadonlySet<string> = new Set([keys.requestedBy, keys.admitted].map(annotationPointer));

type Write = { readonly old?: Deployment; readonly object: Deployment };
type PolicyWrite = Write & Pick<DecideInput, 'policyOf'>;

/** A denial if the decision about the final object would still change it. */
export const changedAfterAnswer = (decision: Pick<Decision, 'patch'>, write: PolicyWrite): Answer | undefined => {
  const missing = decision.patch.map(({ path }) => path).filter((path) => !forTheRecord.has(path));
  if (missing.length === 0) return undefined;
  const { metadata } = write.object;
  const name = `${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
  return refusal(
    `${wasOptedIn(write) ? notAsked(name) : `after Sluice was asked about Deployment ${name}, something else changed ${whatChanged(missing, write)}`}; ` +
      `it would be stored differently from what Sluice decided${changes(write)}. ` +
      'Give the configuration of the other admission controller a name that sorts before the one of Sluice ' +
      '(webhooks are called in that order) and reinvocationPolicy Never. ' +
      'If there is no other controller, the manifest has a field that this cluster drops, or Sluice did not answer in time: try again.',
  );
};

/**
 * Verifies Sluice's own writes, which never change a template except to put the stable one back. This guarantees that
 * the promoted template is the one that was judged, even if another controller changes the write.
 */
export const ownWrite = ({ old, object }: Write): Answer => {
  const hash = templateHash(object.spec.template);
  const allowed = old === undefined || hash === templateHash(old.spec.template) || hash === boundMarks(old)?.stableHash;
  if (allowed) return pass('own-write', 'the template is the one that was judged, or the stable one');
  return refusal(
    `an admission controller changes the pod template in a write of Sluice${changes({ old, object })}. ` +
      'Sluice promotes only the template it has judged. ' +
      "Apply the workload again to release the template as that controller changes it, or exempt Sluice's writes from it.",
  );
};

const refusal = (message: string): Answer =>
  deny('changed-after', 'the write is not what Sluice answered', { code: 403, reason: 'Forbidden', message });

const notAsked = (name: string): string =>
  `another admission controller opted in Deployment ${name} when it was too late to call Sluice for this change`;

/**
 * Whether the workload is opted in by this write but carries no marks: the mutating webhook was never called for it.
 */
const wasOptedIn = ({ old, object, policyOf }: PolicyWrite): boolean =>
  old !== undefined &&
  Object.keys(readMarks(object.metadata.annotations)).length === 0 &&
  policyOf(object).optIn.optedIn &&
  !policyOf(old).optIn.optedIn;

const whatChanged = (missing: readonly string[], { old, object }: Write): string => {
  if (old !== undefined && boundMarks(object) === undefined) {
    if (templateHash(old.spec.template) !== templateHash(object.spec.template)) return 'the pod template';
    if (isMarked(object) && boundMarks(old) === undefined) return 'the pod template back to what it was';
  }
  return missing.includes('/spec/paused') ? 'spec.paused' : 'the annotations that Sluice keeps';
};

const isMarked = ({ metadata }: Deployment): boolean => metadata.annotations?.[keys.releaseHash] !== undefined;

const changes = ({ old, object }: Write): string => {
  const lines = old === undefined ? [] : templateDiff(old.spec.template, object.spec.template);
  return lines.length === 0 ? '' : ` (what changes in all: ${lines.join('; ')})`;
};

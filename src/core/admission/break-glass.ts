/** Writes that bypass the guard, by users with the right to do so: they need a reason and are recorded as an event. */
import { breakGlassAnnotation } from '../../schema/annotations.ts';
import type { Gvk, KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import { kinds } from '../../schema/kinds.ts';
import {
  denyProblems,
  pass,
  type AdmissionEvent,
  type AdmissionRequest,
  type Answer,
  type EventSubject,
} from './admission-request.ts';
import { madeFor } from '../../schema/names.ts';
import { isOwned, isRelease } from './guard.ts';

export type BreakGlassRules = {
  /** Route kinds of which Sluice makes objects. */
  readonly routeKinds: readonly { readonly gvk: Gvk }[];
};

const shownReason = 500;

/**
 * Answers a write to an object with the break-glass annotation, before or after. The webhook's match conditions have
 * already checked the user's right, so only authorised users get here.
 */
export const breakGlass = (request: AdmissionRequest, rules: BreakGlassRules): Answer => {
  const object = [request.oldObject, request.object].find((one) => isOwned(one) || isRelease(one));
  if (object === undefined) return pass();
  const reason = reasonFor(request);
  if (reason === '') return denyProblems('broken-glass', 'no reason is given', [noReason]);
  const said = printable(reason, shownReason);
  const [regarding, related] = [releaseSubject(object), subjectOf(object, rules)];
  const event: AdmissionEvent = {
    ...(regarding === undefined ? { regarding: related } : { regarding, related }),
    type: 'Warning',
    reason: 'BreakGlass',
    action: 'LeaveAlone',
    note: `${printable(request.user)}: ${what(request, object)}: ${said}. ${whatNow(request)}`,
  };
  const { ref } = event.regarding;
  const warnings = [
    `recorded with your name as an event of ${printable(ref.gvk.kind)} ${printable(ref.name)}. ${whatNow(request)}`,
  ];
  return { ...pass('broken-glass', `the guard is passed over: ${said}`), warnings, event };
};

const annotationOn = (object: KubeObject | undefined): string | undefined =>
  object?.metadata.annotations?.[breakGlassAnnotation]?.trim();

/** A deletion carries only the old object; and removing the annotation counts under the reason it gave. */
const reasonFor = ({ object, oldObject }: AdmissionRequest): string =>
  annotationOn(object) ?? annotationOn(oldObject) ?? '';

const noReason = {
  field: breakGlassAnnotation,
  value: '',
  rule: 'must say why, since it is recorded',
  todo: 'Write a reason, such as "INC-42".',
};

const what = ({ operation }: AdmissionRequest, { kind, metadata }: KubeObject): string =>
  `${operation} of ${printable(kind)} ${printable(metadata.name)} past its guard`;

const whatNow = ({ operation, object, oldObject }: AdmissionRequest): string => {
  if (operation === 'DELETE' && isRelease(oldObject))
    return 'Sluice gives its routes back, then takes its canary away, and begins anew where the workload still asks for it';
  if (operation === 'DELETE') return 'Sluice makes it anew where its release needs it';
  return annotationOn(object) === undefined
    ? 'The annotation is off: Sluice looks after the object again'
    : `Sluice leaves the object as it is, and its release waits where it has to, until the annotation ${breakGlassAnnotation} is taken off`;
};

const releaseSubject = (object: KubeObject): EventSubject | undefined => {
  const { name, uid } = madeFor(object);
  if (name === undefined || uid === undefined) return undefined;
  return { ref: { gvk: kinds.release, name, ...place(object.metadata) }, uid };
};

const subjectOf = ({ apiVersion, kind, metadata }: KubeObject, { routeKinds }: BreakGlassRules): EventSubject => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const known = [kinds.release, kinds.deployment, kinds.service, ...routeKinds.map(({ gvk }) => gvk)];
  const found = known.find((gvk) => gvk.group === group && gvk.kind === kind);
  const subject = found ?? { group, version, kind, plural: '', namespaced: true };
  return { ref: { gvk: subject, name: metadata.name, ...place(metadata) }, uid: metadata.uid ?? '' };
};

const place = ({ namespace }: KubeObject['metadata']): { readonly namespace?: string } =>
  namespace === undefined ? {} : { namespace };

/**
 * Decodes AdmissionReview v1. The body is not trusted, because the sender may not be an API server. Shapes are checked only
 * here; the rest of the code relies on the types.
 */
import { operations, type AdmissionRequest, type Operation } from '../core/admission/admission-request.ts';
import { isDeeper } from '../values/extent.ts';
import type { KubeObject, ObjectMeta } from '../values/kube-object.ts';
import { objectShape, requestShape } from './review-shapes.ts';
import { Complaints, look } from './shape.ts';

export const reviewVersion = 'admission.k8s.io/v1';

export type Decoded =
  | { readonly ok: true; readonly request: AdmissionRequest }
  /** Everything that is wrong, with paths, in one sentence of bounded length. */
  | { readonly ok: false; readonly reason: string };

type Fields = { readonly [key: string]: unknown };

/** Checks every field that Sluice reads. Never throws. */
export const decodeReview = (body: unknown): Decoded => {
  if (!isFields(body)) return refused('the body must be an object');
  const { kind, apiVersion, request } = body;
  if (kind !== 'AdmissionReview') return refused('the body must be an AdmissionReview');
  if (apiVersion !== reviewVersion) return refused(`the AdmissionReview must be of ${reviewVersion}`);
  const complaints = new Complaints();
  look(request, requestShape, 'request', complaints);
  if (isFields(request)) lookAtObjects(request, complaints);
  const complaint = complaints.sentence();
  return complaint === undefined ? { ok: true, request: requestIn(request as Fields) } : refused(complaint);
};

const refused = (reason: string): Decoded => ({ ok: false, reason });

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Far deeper than any built-in object. Shallower objects do not exhaust the stack. */
const deepest = 1000;

/**
 * Says which object is nested too deep; undefined if none is. Called only after a stack overflow: visiting every value of
 * every request would cost more than the rest of decoding.
 */
export const tooDeep = (request: AdmissionRequest): string | undefined => {
  const deep = objects.filter(([name]) => isDeeper(request[name], deepest));
  const words = deep.map(([name]) => `request.${name}: must not be nested deeper than ${deepest} levels`);
  return words.length === 0 ? undefined : words.join('; ');
};

/** Which objects are required for which operations. */
const objects: readonly (readonly [name: 'object' | 'oldObject', of: readonly Operation[]])[] = [
  ['object', ['CREATE', 'UPDATE']],
  ['oldObject', ['UPDATE', 'DELETE']],
];

const lookAtObjects = (request: Fields, complaints: Complaints): void => {
  const operation = operations.find((known) => known === request['operation']);
  const { group, kind } = isFields(request['kind']) ? request['kind'] : {};
  const shape = objectShape(textOr(group, ''), textOr(kind, ''));
  for (const [name, needed] of objects) {
    const value = request[name];
    const missing = value === undefined || value === null;
    if (!missing) look(value, shape, `request.${name}`, complaints);
    else if (operation !== undefined && needed.includes(operation))
      complaints.add(`request.${name}`, `must be there on ${operation}, is missing`);
  }
};

/** `request` has passed the check. */
const requestIn = (request: Fields): AdmissionRequest => {
  const [kind, userInfo] = [request['kind'] as Fields, request['userInfo'] as Fields];
  const name = textIn(request['name']);
  return {
    uid: request['uid'] as string,
    operation: request['operation'] as Operation,
    group: textOr(kind['group'], ''),
    kind: kind['kind'] as string,
    user: userInfo['username'] as string,
    dryRun: request['dryRun'] === true,
    ...given('userUid', textIn(userInfo['uid'])),
    ...given('subResource', textIn(request['subResource'])),
    ...given('name', name),
    ...given('namespace', textIn(request['namespace'])),
    ...given('fieldManager', textIn((request['options'] as Fields | null | undefined)?.['fieldManager'])),
    ...given('object', objectIn(request['object'], name)),
    ...given('oldObject', objectIn(request['oldObject'], name)),
  };
};

const objectIn = (value: unknown, name: string | undefined): KubeObject | undefined => {
  if (value === undefined || value === null) return undefined;
  const object = value as Fields;
  const metadata = metadataIn(object['metadata'] as Fields, name);
  const odd = parts.filter((part) => part in object && !isFields(object[part]));
  // Most objects from an API server need no copy.
  if (odd.length === 0 && metadata === object['metadata']) return value as KubeObject;
  return { ...(without(object, odd) as KubeObject), metadata };
};

/**
 * Custom resources may hold something other than an object in these fields. Such values are dropped: Sluice does not read
 * them.
 */
const parts = ['spec', 'status'] as const;

/** Fields in which null means absent. The types used after decoding have no null. */
const optionalMetadata = [
  'namespace',
  'uid',
  'generation',
  'labels',
  'annotations',
  'ownerReferences',
  'managedFields',
] as const satisfies readonly (keyof ObjectMeta)[];

const metadataIn = (metadata: Fields, name: string | undefined): ObjectMeta => {
  const absent = optionalMetadata.filter(
    (field) => field in metadata && (metadata[field] === null || metadata[field] === ''),
  );
  if (absent.length === 0 && textIn(metadata['name']) !== undefined) return metadata as ObjectMeta;
  return { ...without(metadata, absent), name: textIn(metadata['name']) ?? name ?? '' };
};

const without = (fields: Fields, names: readonly string[]): Fields =>
  names.length === 0
    ? fields
    : Object.fromEntries(Object.entries(fields).filter(([name]) => !names.some((gone) => gone === name)));

const given = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

/** An empty text means absent. */
const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const textOr = (value: unknown, otherwise: string): string => textIn(value) ?? otherwise;

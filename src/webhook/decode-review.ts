/**
 * AdmissionReview v1 from the wire. Nothing of it is trusted: an API server sends it right, others may not. This is the one
 * place where shapes are looked at; everything behind it takes what it reads to be of its type.
 */
import { operations, type AdmissionRequest, type Operation } from '../core/admission/admission-request.ts';
import type { KubeObject, ObjectMeta } from '../values/kube-object.ts';
import { objectShape, requestShape } from './review-shapes.ts';
import { Inspection } from './shape.ts';

export const reviewVersion = 'admission.k8s.io/v1';

export type Decoded =
  | { readonly ok: true; readonly request: AdmissionRequest }
  /** A sentence for whoever sent it: everything that is wrong, each with its path, in bounded length. */
  | { readonly ok: false; readonly reason: string };

type Fields = { readonly [key: string]: unknown };

/** Checks everything that answers read without looking. Never throws. */
export const decodeReview = (body: unknown): Decoded => {
  if (!isFields(body)) return refused('the body must be an object');
  const { kind, apiVersion, request } = body;
  if (kind !== 'AdmissionReview') return refused('the body must be an AdmissionReview');
  if (apiVersion !== reviewVersion) return refused(`the AdmissionReview must be of ${reviewVersion}`);
  const inspection = new Inspection();
  inspection.field('request', request, { shape: requestShape, required: true });
  if (isFields(request)) lookAtObjects(inspection, request);
  const complaint = inspection.complaint();
  return complaint === undefined ? { ok: true, request: requestIn(request as Fields) } : refused(complaint);
};

const refused = (reason: string): Decoded => ({ ok: false, reason });

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Which objects there are depends on the operation: an answer may rely on it. */
const objects: readonly (readonly [name: 'object' | 'oldObject', of: readonly Operation[]])[] = [
  ['object', ['CREATE', 'UPDATE']],
  ['oldObject', ['UPDATE', 'DELETE']],
];

const lookAtObjects = (inspection: Inspection, request: Fields): void => {
  const operation = operations.find((known) => known === request['operation']);
  const { group, kind } = isFields(request['kind']) ? request['kind'] : {};
  const shape = objectShape(textOr(group, ''), textOr(kind, ''));
  for (const [name, needed] of objects) {
    const value = request[name];
    const missing = value === undefined || value === null;
    if (!missing) inspection.field(`request.${name}`, value, { shape, required: true });
    else if (operation !== undefined && needed.includes(operation))
      inspection.complain(`request.${name}`, `must be there on ${operation}, is missing`);
  }
};

/** Of a request that has passed. */
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
  // As an API server sends them most objects need no copy.
  if (odd.length === 0 && metadata === object['metadata']) return value as KubeObject;
  return { ...(without(object, odd) as KubeObject), metadata };
};

/** Not even objects in some kinds that others define: then there is nothing in them that answers read. */
const parts = ['spec', 'status'] as const;

/** Those that null may stand in: it says the same as absence, which is all that types downstream know. */
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

/** An empty text says the same as absence. */
const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const textOr = (value: unknown, otherwise: string): string => textIn(value) ?? otherwise;

/** AdmissionReview v1 from the wire. Nothing of it is trusted: an API server sends it right, others may not. */
import { operations, type AdmissionRequest, type Operation } from '../core/admission/admission-request.ts';
import type { KubeObject } from '../values/kube-object.ts';

export const reviewVersion = 'admission.k8s.io/v1';

export type Decoded =
  | { readonly ok: true; readonly request: AdmissionRequest }
  /** A sentence for whoever sent it. */
  | { readonly ok: false; readonly reason: string };

type Fields = { readonly [key: string]: unknown };

const maxUid = 256;

class Malformed extends Error {}

/** Checks everything that answers read without looking. Never throws. */
export const decodeReview = (body: unknown): Decoded => {
  try {
    return { ok: true, request: requestIn(body) };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, reason: error.message };
    throw error;
  }
};

const requestIn = (body: unknown): AdmissionRequest => {
  const review = fields(body, 'the body');
  if (review['kind'] !== 'AdmissionReview') throw new Malformed('the body must be an AdmissionReview');
  if (review['apiVersion'] !== reviewVersion) throw new Malformed(`the AdmissionReview must be of ${reviewVersion}`);
  const request = fields(review['request'], 'request');
  const kind = fields(request['kind'], 'request.kind');
  const userInfo = fields(request['userInfo'], 'request.userInfo');
  const operation = operationOf(request['operation']);
  const options = optionalFields(request['options'], 'request.options');
  const [object, oldObject] = objectsOf(operation, request);
  return {
    uid: text(request['uid'], 'request.uid', maxUid),
    operation,
    group: optionalText(kind['group'], 'request.kind.group') ?? '',
    kind: text(kind['kind'], 'request.kind.kind'),
    user: text(userInfo['username'], 'request.userInfo.username'),
    dryRun: request['dryRun'] === true,
    ...given('userUid', optionalText(userInfo['uid'], 'request.userInfo.uid')),
    ...given('subResource', optionalText(request['subResource'], 'request.subResource')),
    ...given('name', optionalText(request['name'], 'request.name')),
    ...given('namespace', optionalText(request['namespace'], 'request.namespace')),
    ...given('fieldManager', optionalText(options['fieldManager'], 'request.options.fieldManager')),
    ...given('object', object),
    ...given('oldObject', oldObject),
  };
};

const operationOf = (value: unknown): Operation => {
  const operation = operations.find((known) => known === value);
  if (operation === undefined) throw new Malformed(`request.operation must be one of ${operations.join(', ')}`);
  return operation;
};

/** Which objects there are depends on the operation: an answer may rely on it. */
const objectsOf = (
  operation: Operation,
  request: Fields,
): readonly [KubeObject | undefined, KubeObject | undefined] => {
  const object = objectIn(request['object'], 'request.object', request);
  const oldObject = objectIn(request['oldObject'], 'request.oldObject', request);
  if (object === undefined && (operation === 'CREATE' || operation === 'UPDATE'))
    throw new Malformed(`request.object must be there on ${operation}`);
  if (oldObject === undefined && (operation === 'UPDATE' || operation === 'DELETE'))
    throw new Malformed(`request.oldObject must be there on ${operation}`);
  return [object, oldObject];
};

const objectIn = (value: unknown, at: string, request: Fields): KubeObject | undefined => {
  if (value === undefined || value === null) return undefined;
  const object = withoutNulls(fields(value, at));
  const metadata = withoutNulls(fields(object['metadata'], `${at}.metadata`));
  for (const map of ['labels', 'annotations']) texts(metadata[map], `${at}.metadata.${map}`);
  owners(metadata['ownerReferences'], `${at}.metadata.ownerReferences`);
  wholeNumber(metadata['generation'], `${at}.metadata.generation`);
  const name =
    optionalText(metadata['name'], `${at}.metadata.name`) ?? optionalText(request['name'], 'request.name') ?? '';
  const namespace = optionalText(metadata['namespace'], `${at}.metadata.namespace`);
  for (const part of ['spec', 'status']) optionalFields(object[part], `${at}.${part}`);
  return {
    ...object,
    apiVersion: text(object['apiVersion'], `${at}.apiVersion`),
    kind: text(object['kind'], `${at}.kind`),
    metadata: { ...metadata, name, ...given('namespace', namespace) },
  };
};

/** Null says the same as absence, which is all that types downstream know. An object without one, as API servers send it, is not copied. */
const withoutNulls = (object: Fields): Fields => {
  for (const key in object)
    if (object[key] === null) return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
  return object;
};

const given = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

const fields = (value: unknown, at: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed(`${at} must be an object`);
  return value as Fields;
};

const optionalFields = (value: unknown, at: string): Fields =>
  value === undefined || value === null ? {} : fields(value, at);

const text = (value: unknown, at: string, longest = Infinity): string => {
  if (typeof value !== 'string' || value === '') throw new Malformed(`${at} must be a text`);
  if (value.length > longest) throw new Malformed(`${at} must be a text of at most ${longest} characters`);
  return value;
};

const optionalText = (value: unknown, at: string): string | undefined => {
  if (value === undefined || value === null || value === '') return undefined;
  return text(value, at);
};

const texts = (value: unknown, at: string): void => {
  const map = optionalFields(value, at);
  if (Object.values(map).some((item) => typeof item !== 'string')) throw new Malformed(`${at} must map texts to texts`);
};

const wholeNumber = (value: unknown, at: string): void => {
  // JSON can say 1e999, which is read as infinity.
  if (value !== undefined && !Number.isSafeInteger(value)) throw new Malformed(`${at} must be a whole number`);
};

const owners = (value: unknown, at: string): void => {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw new Malformed(`${at} must be a list`);
  for (const owner of value as readonly unknown[]) text(fields(owner, at)['kind'], `${at}.kind`);
};

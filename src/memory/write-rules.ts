/** How an API server transforms an object that is written to it. Pure. */
import type { Gvk, Json, JsonObject, KubeObject, ObjectMeta, ObjectRef } from '../values/kube-object.ts';
import type { WriteOptions } from '../ports/cluster.ts';
import { sameJson } from '../values/same-json.ts';
import { isJsonObject } from './patches.ts';
import type { KindTraits } from './served-kinds.ts';

/** The values that the server assigns to a new object. */
export type Birth = { readonly uid: string; readonly at: string };

/** Everything that is or was stored, to the bottom: it is never copied again. */
const stored = new WeakSet<object>();

/** A copy as sent over JSON, without undefined keys. */
export const asSent = <T extends Json | undefined>(value: T): T => {
  if (typeof value !== 'object' || value === null || stored.has(value)) return value;
  if (Array.isArray(value)) return value.map((item: Json) => asSent(item)) as Json as T;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, asSent(one)])) as T;
};

/** Freezes an object, because all readers share it. */
export const asStored = <T extends object>(value: T): T => {
  if (stored.has(value)) return value;
  stored.add(value);
  for (const one of Object.values(Object.freeze(value)) as readonly unknown[])
    if (typeof one === 'object' && one !== null) asStored(one);
  return value;
};

/** A new object as stored, apart from its version. Its status is written later by a controller. */
export const born = (sent: KubeObject, traits: KindTraits, { uid, at }: Birth): KubeObject => {
  const { status, ...rest } = defaulted(sent, uid);
  const { generation: _g, resourceVersion: _v, deletionTimestamp: _d, ...metadata } = sent.metadata;
  return {
    ...rest,
    metadata: { ...metadata, uid, creationTimestamp: at, ...(traits.generation ? { generation: 1 } : {}) },
    ...(traits.status || status === undefined ? {} : { status }),
  };
};

const deploymentDefaults: JsonObject = {
  replicas: 1,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
};

/** The defaults that Sluice and the controllers beside it read. */
const defaulted = (sent: KubeObject, uid: string): KubeObject => {
  const { spec } = sent;
  if (sent.kind === 'Deployment') return { ...sent, spec: withoutFalsePause({ ...deploymentDefaults, ...spec }) };
  if (sent.kind === 'Service') return { ...sent, spec: { clusterIP: addressOf(uid), type: 'ClusterIP', ...spec } };
  return sent;
};

/** `paused: false` is not stored. */
const withoutFalsePause = ({ paused, ...spec }: JsonObject): JsonObject =>
  paused === undefined || paused === false ? spec : { ...spec, paused };

const addressOf = (uid: string): string => {
  const n = Number.parseInt(uid.slice(-6), 10);
  return `10.96.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`;
};

/** The stored object after an update, apart from its version. */
export const rewritten = (
  stored: KubeObject,
  sent: KubeObject,
  { traits, subresource }: { readonly traits: KindTraits; readonly subresource: WriteOptions['subresource'] },
): KubeObject => {
  if (subresource === 'status') return statusWritten(stored, sent, traits);
  const { status: _sent, ...rest } = defaulted(sent, stored.metadata.uid ?? '');
  const { status } = traits.status ? stored : sent;
  const next = { ...rest, ...(status === undefined ? {} : { status }), metadata: lasting(stored, sent.metadata) };
  return counted(stored, next, traits);
};

/** A status is written alone; of a built-in kind the annotations go in with it, of a custom one nothing else does. */
const statusWritten = (stored: KubeObject, sent: KubeObject, { custom }: KindTraits): KubeObject => {
  const { status: _stored, ...rest } = stored;
  const status = sent.status === undefined ? {} : { status: sent.status };
  if (custom) return { ...rest, ...status };
  const metadata = lasting(stored, sent.metadata);
  return { ...rest, ...status, metadata: stored.kind === 'Deployment' ? labelledAs(stored, metadata) : metadata };
};

const labelledAs = (stored: KubeObject, { labels: _sent, ...metadata }: ObjectMeta): ObjectMeta => {
  const { labels } = stored.metadata;
  return labels === undefined ? metadata : { ...metadata, labels };
};

/** Fields that writes cannot change. */
const lasting = (
  { metadata }: KubeObject,
  { resourceVersion: _v, generation: _g, deletionTimestamp: _d, ...sent }: ObjectMeta,
): ObjectMeta => ({ ...sent, ...keptOf(metadata) });

const keptOf = ({
  name,
  namespace,
  uid,
  creationTimestamp,
  generation,
  deletionTimestamp,
}: ObjectMeta): ObjectMeta => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  ...(uid === undefined ? {} : { uid }),
  ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
  ...(generation === undefined ? {} : { generation }),
  ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
});

/** Increases the generation if the spec changes; for a Deployment, also if its annotations change. */
const counted = (stored: KubeObject, next: KubeObject, { generation }: KindTraits): KubeObject => {
  if (!generation || !changes(stored, next)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (stored.metadata.generation ?? 0) + 1 } };
};

const changes = (stored: KubeObject, next: KubeObject): boolean => {
  const annotated = !sameJson(stored.metadata.annotations ?? {}, next.metadata.annotations ?? {});
  return !sameJson(wanted(stored), wanted(next)) || (stored.kind === 'Deployment' && annotated);
};

const wanted = ({ metadata: _m, status: _s, ...rest }: KubeObject): JsonObject => rest;

/** Whether a write changes nothing; then nothing is stored and no event is sent. */
export const sameObject = (a: KubeObject, b: KubeObject): boolean => {
  const { resourceVersion: _a, ...first } = a.metadata;
  const { resourceVersion: _b, ...second } = b.metadata;
  return sameJson({ ...a, metadata: first }, { ...b, metadata: second });
};

/** What is wrong with a Deployment, in the API server's words. */
export const problemOf = (sent: KubeObject, stored?: KubeObject): string | undefined => {
  if (sent.kind !== 'Deployment') return undefined;
  const { replicas, selector, template } = sent.spec ?? {};
  if (typeof replicas === 'number' && replicas < 0)
    return `spec.replicas: Invalid value: ${replicas}: must be greater than or equal to 0`;
  if (!isJsonObject(selector) || !isJsonObject(template)) return 'spec.selector: Required value';
  if (stored !== undefined && !sameJson(stored.spec?.['selector'], selector))
    return `spec.selector: Invalid value: ${JSON.stringify(selector)}: field is immutable`;
  return selectedBy(selector, template)
    ? undefined
    : 'spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`';
};

const selectedBy = (selector: JsonObject, template: JsonObject): boolean => {
  const labels = objectIn(objectIn(template, 'metadata'), 'labels');
  return Object.entries(objectIn(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
};

const objectIn = (object: JsonObject, key: string): JsonObject => {
  const value = object[key];
  return isJsonObject(value) ? value : {};
};

/** How an object of this kind is named. */
export const refOf = <T extends KubeObject>(
  gvk: Gvk<T>,
  { metadata: { name, namespace } }: Pick<KubeObject, 'metadata'>,
): ObjectRef<T> => ({ gvk, name, ...(namespace === undefined ? {} : { namespace }) });

const waitsForDependents = 'foregroundDeletion';

/** Marked for deletion, it waits for what it owns. A namespace has no such mark, and waits for what is in it. */
export const going = ({ kind, metadata }: KubeObject, at: string): Partial<ObjectMeta> => ({
  deletionTimestamp: at,
  ...(kind === 'Namespace' ? {} : { finalizers: [...(metadata.finalizers ?? []), waitsForDependents] }),
  ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
});

/** Whether the last finalizer has been taken off an object that is marked for deletion. */
export const nothingKeeps = ({ kind, metadata }: KubeObject): boolean =>
  kind !== 'Namespace' && metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;

/**
 * Takes a canary away. Its Deployment is deleted in the foreground, so that it stays in sight until its pods are gone; where
 * the garbage collector is late or has missed it, Sluice removes the ReplicaSets and pods itself.
 */
import { isTakenOver } from '../core/release/taken-over.ts';
import type { Cluster, Propagation } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import { labels } from '../schema/names.ts';
import type { Deployment, Gvk, KubeObject, Service } from '../values/kube-object.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { refOf, versionOf, type EffectRun } from './effect-run.ts';
import { goingSince } from './canary-objects.ts';

type Collecting = { readonly cluster: Cluster; readonly now: Instant };

type Doomed = { readonly deployment?: Deployment; readonly service?: Service; readonly going?: Deployment };

/** Resolves with the number of writes. */
export const removeCanary = ({ deps, gathered }: EffectRun): Promise<number> =>
  removeObjects({ cluster: deps.cluster, now: deps.clock.now() }, gathered.canary);

/** Removes what is given, but for what somebody has taken over. */
export const removeObjects = async (
  collecting: Collecting,
  { deployment, service, going }: Doomed,
): Promise<number> => {
  const { cluster } = collecting;
  let writes = 0;
  if (deployment !== undefined && !isTakenOver(deployment))
    if (await cluster.remove(placeOf(kinds.deployment, deployment), deployment.metadata.uid, 'Foreground')) writes += 1;
  if (service !== undefined && service.metadata.deletionTimestamp === undefined && !isTakenOver(service))
    if (await cluster.remove(placeOf(kinds.service, service), service.metadata.uid)) writes += 1;
  return writes + (going === undefined ? 0 : await collectLate(collecting, going));
};

const placeOf = (gvk: Gvk, { metadata: { name, namespace = '' } }: Pick<KubeObject, 'metadata'>) => ({
  gvk,
  namespace,
  name,
});

/** How long the garbage collector is given, and how long a look at what is left is good for. */
const patience: Milliseconds = 10_000;
const lookPause: Milliseconds = 2000;

/** When it was last looked what is left of a Deployment, so that no stream of changes becomes one of requests. */
const looked = new WeakMap<Cluster, Map<string, Instant>>();

/** When to look next at one that goes; when it is gone, that is heard of. */
export const untilLate = (going: Deployment, now: Instant): Milliseconds =>
  Math.max(lookPause, (goingSince(going) ?? now) + patience - now);

const isDue = ({ cluster, now }: Collecting, going: Deployment): boolean => {
  const since = goingSince(going);
  const uid = going.metadata.uid ?? '';
  const last = looked.get(cluster) ?? new Map<string, Instant>();
  looked.set(cluster, last);
  // One that is longer ago keeps nobody from looking.
  for (const [key, at] of last) if (now < at || now >= at + lookPause) last.delete(key);
  if (since === undefined || now < since + patience || last.has(uid)) return false;
  last.set(uid, now);
  return true;
};

/** ReplicaSets first, or they would make the pods anew; then the pods; then nothing keeps the Deployment any longer. */
const collectLate = async (collecting: Collecting, going: Deployment): Promise<number> => {
  if (!isDue(collecting, going)) return 0;
  const { cluster } = collecting;
  const { namespace = '', uid } = going.metadata;
  const selector = going.spec.selector.matchLabels ?? {};
  const sets = (await cluster.fetchList(kinds.replicaSet, namespace, selector)).filter(ownedBy([uid]));
  const found = await cluster.fetchList(kinds.pod, namespace, selector);
  // Nobody else's pods carry the uid, whoever owns them by now.
  const pods = labels.releaseUid in selector ? found : found.filter(ownedBy(sets.map(({ metadata }) => metadata.uid)));
  const left = await removeAll(cluster, { gvk: kinds.replicaSet, propagation: 'Foreground' }, sets);
  const running = await removeAll(cluster, { gvk: kinds.pod, propagation: 'Background' }, pods);
  if (left + running > 0) return 0;
  return (await letGo(collecting, going)) ? 1 : 0;
};

const ownedBy =
  (uids: readonly (string | undefined)[]) =>
  ({ metadata }: KubeObject): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uids.includes(uid)) === true;

/**
 * Resolves with how many had to be removed. ReplicaSets are removed in the foreground, so that they are found until their
 * pods are gone; a pod so removed would wait for the garbage collector itself.
 */
const removeAll = async (
  cluster: Cluster,
  { gvk, propagation }: { readonly gvk: Gvk; readonly propagation: Propagation },
  objects: readonly KubeObject[],
): Promise<number> => {
  const left = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const object of left) await cluster.remove(placeOf(gvk, object), object.metadata.uid, propagation);
  return left.length;
};

const waitsForDependents = 'foregroundDeletion';

/** The garbage collector takes this finalizer off, when it comes to it. Those of others stay. */
const letGo = async ({ cluster }: Collecting, going: Deployment): Promise<boolean> => {
  const finalizers = going.metadata.finalizers ?? [];
  if (!finalizers.includes(waitsForDependents)) return false;
  const body = { metadata: { finalizers: finalizers.filter((one) => one !== waitsForDependents) } };
  const options = { resourceVersion: versionOf(going) };
  await cluster.patch(placeOf(kinds.deployment, going), { type: 'merge', body }, options);
  return true;
};

/**
 * A version of Sluice before this one has made the Release the owner of what carries traffic, and the garbage collector
 * would take it before the routes are given back.
 */
export const disown = async (run: EffectRun): Promise<number> => {
  const { deployment, service } = run.gathered.canary;
  let writes = 0;
  for (const [gvk, object] of [
    [kinds.deployment, deployment],
    [kinds.service, service],
  ] as const) {
    if (object?.metadata.ownerReferences === undefined || isTakenOver(object)) continue;
    const body = { metadata: { ownerReferences: null } };
    await run.deps.cluster.patch(refOf(run, gvk, object.metadata.name), { type: 'merge', body });
    writes += 1;
  }
  return writes;
};

/** Builds changes as values, none where nothing differs, and applies them to live objects in memory. */
import { refKey, type KubeObject, type ObjectRef, type RefKey } from '../values/kube-object.ts';
import type { Change, Live } from '../ports/traffic.ts';
import { sameJson } from '../values/same-json.ts';

export const create = (ref: ObjectRef, body: KubeObject, because: string): Change => ({
  op: 'create',
  ref,
  body,
  because,
});

/** No change when the bodies mean the same, else a replacement that carries the live resourceVersion. */
export const replaceIfChanged = (
  ref: ObjectRef,
  live: KubeObject,
  body: KubeObject,
  because: string,
): readonly Change[] => (sameJson(live, body) ? [] : [{ op: 'replace', ref, body, because }]);

/** Guarded by the uid of the live object, so that a new object of the same name is not deleted. */
export const remove = (ref: ObjectRef, live: KubeObject, because: string): Change =>
  live.metadata.uid === undefined
    ? { op: 'remove', ref, because }
    : { op: 'remove', ref, uid: live.metadata.uid, because };

/** The live objects after the changes, for dry runs and for tests that a provider observes what it has written. */
export const afterChanges = (live: Live, changes: readonly Change[]): Live => {
  const next = new Map<RefKey, KubeObject>(live);
  for (const change of changes) {
    if (change.op === 'remove') next.delete(refKey(change.ref));
    else next.set(refKey(change.ref), change.body);
  }
  return next;
};

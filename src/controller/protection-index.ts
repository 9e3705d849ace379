/** Finds the objects that may protect the pods of a namespace, and the companions of a release. Fed by the watches. */
import type { Gvk, KubeObject, ObjectRef } from '../values/kube-object.ts';
import type { ProtectingObjects } from '../core/protection/companions.ts';
import { protectingKinds } from '../core/protection/protecting-kinds.ts';
import type { ProtectingKind } from '../core/protection/protecting-kind.ts';
import { isOurs, labels } from '../schema/names.ts';
import type { Cluster } from '../ports/cluster.ts';
import { objectIndex, type ObjectIndex } from './object-index.ts';

/** A companion that exists. */
export type LiveCompanion = { readonly ref: ObjectRef; readonly object: KubeObject };

export interface ProtectionIndex {
  /** Objects that may select pods of the namespace, by kind. */
  protecting(namespace: string): ProtectingObjects;
  /** Companions made for the Release with this uid, in any namespace. */
  companions(releaseUid: string): readonly LiveCompanion[];
  /** Companions of any release. */
  allCompanions(): readonly LiveCompanion[];
}

const anywhere = '*';
const ofRelease = (uid: string): string => `uid/${uid}`;
const ours = 'ours/';

const keysOf =
  ({ reaches }: ProtectingKind) =>
  (object: KubeObject): readonly string[] => {
    const { namespace = '', labels: own = {} } = object.metadata;
    if (isOurs(object)) return [ours, ofRelease(own[labels.releaseUid] ?? '')];
    return reaches?.(object) === true ? [namespace, anywhere] : [namespace];
  };

type Follow = (cluster: Cluster, gvk: Gvk, index: ObjectIndex<KubeObject>) => ObjectIndex<KubeObject>;

export const protectionIndex = (cluster: Cluster, follow: Follow): ProtectionIndex => {
  const all = protectingKinds.map((kind) => ({
    kind,
    index: follow(cluster, kind.use.gvk, objectIndex(keysOf(kind))),
  }));
  const live = (key: string): readonly LiveCompanion[] =>
    all.flatMap(({ kind: { use }, index }) =>
      index.at(key).map((object) => {
        const { namespace, name } = object.metadata;
        return { ref: { gvk: use.gvk, name, ...(namespace === undefined ? {} : { namespace }) }, object };
      }),
    );
  return {
    protecting: (namespace) =>
      all.flatMap(({ kind, index }) => {
        const elsewhere = index.at(anywhere).filter(({ metadata }) => metadata.namespace !== namespace);
        const objects = [...index.at(namespace), ...elsewhere];
        return objects.length === 0 ? [] : [{ kind, objects }];
      }),
    companions: (releaseUid) => live(ofRelease(releaseUid)),
    allCompanions: () => live(ours),
  };
};

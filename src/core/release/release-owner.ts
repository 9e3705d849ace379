/**
 * Decides whether an existing Release belongs to a change that needs its name. While the webhook was away, anybody could
 * create it, with any policy and author. Sluice does not act on such a Release, and tells the user.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Release, ReleaseSpec } from '../../schema/release.ts';
import type { KubeObject } from '../../values/kube-object.ts';

/** The values that the Release of a change must have. A value that is left out is not compared. */
export type AskedRelease = {
  readonly workloadUid: string;
  readonly templateHash: string;
  readonly stableHash?: string;
  /** Contains the millisecond of the change, so nobody can forge it in advance. */
  readonly requestedBy?: ReleaseSpec['requestedBy'];
};

/** `earlier`: of a deleted workload of the same name, and about to be garbage-collected. */
export type ReleaseOwner = 'ours' | 'earlier' | 'foreign';

/** `isThere`: whether a Deployment of that uid exists. */
export const ownerOf = (found: Release, asked: AskedRelease, isThere: (uid: string) => boolean): ReleaseOwner => {
  const { spec } = found;
  if (spec.workload.uid !== asked.workloadUid) return isCollected(found, isThere) ? 'earlier' : 'foreign';
  const same =
    spec.templateHash === asked.templateHash &&
    (asked.stableHash === undefined || spec.stableHash === asked.stableHash) &&
    (asked.requestedBy === undefined || isDeepStrictEqual(spec.requestedBy, asked.requestedBy));
  return same ? 'ours' : 'foreign';
};

/** Garbage collection deletes an object whose owners are all gone. `--cascade=orphan` removes the owner references. */
const isCollected = ({ metadata }: KubeObject, isThere: (uid: string) => boolean): boolean => {
  const owners = metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every(({ kind, uid }) => kind === 'Deployment' && !isThere(uid));
};

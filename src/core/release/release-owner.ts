/**
 * Whose a Release is that has the name a change asks for. Somebody else may have made it while no webhook refused that: its
 * policy and its author may be anybody's. Nothing is done in its name, and a person is told.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Release, ReleaseSpec } from '../../schema/release.ts';
import type { KubeObject } from '../../values/kube-object.ts';

/** What a change asks a Release for. What is left out cannot tell one from another. */
export type AskedRelease = {
  readonly workloadUid: string;
  readonly templateHash: string;
  readonly stableHash?: string;
  /** With the millisecond of the change: nobody can know it before. */
  readonly requestedBy?: ReleaseSpec['requestedBy'];
};

/** `earlier`: of a deleted workload of the same name, and about to be collected with it. */
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

/** Garbage collection takes what has owners and has lost them all; `--cascade=orphan` takes the owners off. */
const isCollected = ({ metadata }: KubeObject, isThere: (uid: string) => boolean): boolean => {
  const owners = metadata.ownerReferences ?? [];
  return owners.length > 0 && owners.every(({ kind, uid }) => kind === 'Deployment' && !isThere(uid));
};

/** The plugin's view of Releases. */
import type { Deployment, KubeObject } from '../values/kube-object.ts';
import { boundMarks } from '../core/marks/marks.ts';
import { specOf } from '../core/release/revised.ts';
import { isFinal } from '../core/release/state.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import type { ReleaseSpec, ReleaseStatus, Release } from '../schema/release.ts';

export type ReleaseView = {
  readonly name: string;
  readonly namespace: string;
  readonly createdAt: Instant;
  readonly spec: ReleaseSpec;
  /** Pending, if the controller has not reconciled the Release yet. */
  readonly status: ReleaseStatus;
  readonly object: Release;
};

/** The cast is safe: the API server has validated the Release against the schema of its type. */
export const releaseView = (found: KubeObject): ReleaseView => {
  const object = found as Release;
  return {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    createdAt: fromRfc3339(object.metadata.creationTimestamp) ?? 0,
    spec: specOf(object),
    status: object.status ?? { phase: 'Pending' },
    object,
  };
};

/** Newest first. Creation times have a resolution of a second; within one, the number in the name decides. */
const newestFirst = (a: ReleaseView, b: ReleaseView): number =>
  b.createdAt - a.createdAt || b.name.localeCompare(a.name, 'en', { numeric: true });

/** The newest Release of each workload, sorted by namespace and workload. */
export const newestPerWorkload = (releases: readonly ReleaseView[]): readonly ReleaseView[] => {
  const place = ({ namespace, spec }: ReleaseView): string => `${namespace}/${spec.workload.name}`;
  const newest = new Map<string, ReleaseView>();
  for (const release of releases.toSorted(newestFirst))
    if (!newest.has(place(release))) newest.set(place(release), release);
  return [...newest.values()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
};

/** Name of the Release for the workload's current template. The Release may not exist yet. */
export const markedRelease = (workload: Deployment): string | undefined => boundMarks(workload)?.release;

/**
 * The Release that a user means by the workload's name: the one named in the workload's marks, or else the newest.
 * Undefined if there is none, or if the marked one does not exist yet.
 */
export const currentRelease = (workload: Deployment, releases: readonly ReleaseView[]): ReleaseView | undefined => {
  const own = releases.filter(({ spec }) => spec.workload.name === workload.metadata.name).sort(newestFirst);
  const marked = markedRelease(workload);
  return marked === undefined ? own[0] : own.find(({ name }) => name === marked);
};

/** Whether the release is running or waits for a user. */
export const needsAttention = ({ status }: ReleaseView): boolean => !isFinal(status.phase) || status.phase === 'Failed';

/** The weight that is wanted for the canary; undefined for a release that has ended. */
export const weightOf = ({ phase, weight }: ReleaseStatus): number | undefined => (isFinal(phase) ? undefined : weight);

/** Releases as the plugin looks at them. */
import type { Deployment, KubeObject } from '../values/kube-object.ts';
import { boundMarks } from '../core/marks/marks.ts';
import { isFinal } from '../core/release/state.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import type { ReleaseSpec, ReleaseStatus, Release } from '../schema/release.ts';

export type ReleaseView = {
  readonly name: string;
  readonly namespace: string;
  readonly createdAt: Instant;
  readonly spec: ReleaseSpec;
  /** A Release the controller has not looked at yet is Pending. */
  readonly status: ReleaseStatus;
  readonly object: Release;
};

/** The API server has validated spec and status against the schema their types are made from. */
export const releaseView = (found: KubeObject): ReleaseView => {
  const object = found as Release;
  return {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    createdAt: fromRfc3339(object.metadata.creationTimestamp) ?? 0,
    spec: object.spec,
    status: object.status ?? { phase: 'Pending' },
    object,
  };
};

/** Newest first. Within a second, which is all a creation time tells, the number in the name decides. */
const newestFirst = (a: ReleaseView, b: ReleaseView): number =>
  b.createdAt - a.createdAt || b.name.localeCompare(a.name, 'en', { numeric: true });

/** The newest Release of each workload, in the order of namespace and workload. */
export const newestPerWorkload = (releases: readonly ReleaseView[]): readonly ReleaseView[] => {
  const place = ({ namespace, spec }: ReleaseView): string => `${namespace}/${spec.workload.name}`;
  const newest = new Map<string, ReleaseView>();
  for (const release of releases.toSorted(newestFirst))
    if (!newest.has(place(release))) newest.set(place(release), release);
  return [...newest.values()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
};

/** Name of the Release the workload's own template is to be released by; it may not exist yet. */
export const markedRelease = (workload: Deployment): string | undefined => boundMarks(workload)?.release;

/**
 * The Release a person means by the workload's name: the one the workload is marked with, else its newest. Undefined where
 * there is none, or the marked one has not been made yet.
 */
export const currentRelease = (workload: Deployment, releases: readonly ReleaseView[]): ReleaseView | undefined => {
  const own = releases.filter(({ spec }) => spec.workload.name === workload.metadata.name).sort(newestFirst);
  const marked = markedRelease(workload);
  return marked === undefined ? own[0] : own.find(({ name }) => name === marked);
};

/** Something is going on, or waits for a person. */
export const needsAttention = ({ status }: ReleaseView): boolean => !isFinal(status.phase) || status.phase === 'Failed';

/** The canary's share while there is one to speak of: of a release that has ended it says nothing. */
export const shareOf = ({ phase, weight }: ReleaseStatus): number | undefined => (isFinal(phase) ? undefined : weight);

/**
 * Behind a route the canary takes load off stable, and an autoscaler makes stable smaller for it. Before the whole load
 * comes back, stable is given its size of before, once: whatever the autoscaler makes of it then is the autoscaler's word.
 * The size that a person has set, without an autoscaler, is meant: the same write would have been native's size, too.
 */
import type { ReleaseStatus, Waiting } from '../../schema/release.ts';
import { fromRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Split } from '../../values/split.ts';
import type { Facts } from './facts.ts';
import { peakOf } from './peak.ts';

type End = NonNullable<ReleaseStatus['ending']>;
type Growth = NonNullable<End['growth']>;

/** The canary may be what callers suffer from. A pod that needs longer to start does not keep them there. */
const patienceWithBad: Milliseconds = 60_000;

/** The size that stable has to grow to before it serves everything; undefined where it has the pods for that. */
export const sizeToReach = (status: ReleaseStatus, facts: Facts): number | undefined => {
  const { replicas, autoscaler } = facts.workload;
  // At 0 replicas a workload is off, and its autoscaler with it.
  if (autoscaler === undefined || replicas === 0) return undefined;
  const wanted = Math.max(replicas, Math.min(peakOf(status, facts), autoscaler.most));
  return replicas < wanted || isOnItsWay(wanted, facts) ? wanted : undefined;
};

/**
 * It has been given the size, by a manifest with `replicas` in it or by the autoscaler, and its pods are not there yet. A
 * few may be missing in any roll; where none is there, nobody is kept waiting for them.
 */
const isOnItsWay = (wanted: number, facts: Facts): boolean => {
  const { available, mayLack } = facts.workload;
  const serving = servingNow(facts);
  return available < wanted && serving > 0 && serving < wanted - mayLack;
};

/** The Deployment's own count is of no use right after a write: the end of a release often begins with one. */
const servingNow = ({ stable, workload }: Facts): number => stable?.ready ?? workload.available;

/** What stable grows from: the replicas it has, or the pods where it has been given the replicas already. */
export const sizeBefore = (facts: Facts, to: number): number =>
  facts.workload.replicas < to ? facts.workload.replicas : servingNow(facts);

/** What the routes send to the canary for as long as stable grows; undefined where stable can take everything at once. */
export const splitMeanwhile = (status: ReleaseStatus, facts: Facts): Split | undefined => {
  const { splits, observed } = facts.route;
  if (splits !== 'route' || observed === 'unknown' || observed.weight === 0) return undefined;
  return (facts.canary?.ready ?? 0) > 0 && sizeToReach(status, facts) !== undefined ? observed : undefined;
};

/** When stable gets the whole load, whatever its size. */
export const growthEnds = ({ outcome, decidedAt }: End, { plan, now }: Facts): Instant => {
  const isBad = outcome === 'Failed' || outcome === 'Aborted';
  return (fromRfc3339(decidedAt) ?? now) + Math.min(plan.progressDeadline, isBad ? patienceWithBad : Infinity);
};

/** Stable grows, and the canary that still serves keeps its share. */
export const isGrowing = ({ ending, weight = 0 }: ReleaseStatus, facts: Facts): boolean => {
  if (ending?.growth === undefined || weight === 0 || (facts.canary?.ready ?? 0) === 0) return false;
  return facts.now < growthEnds(ending, facts) && comesCloser(ending.growth, facts);
};

const comesCloser = ({ to, reachedAt }: Growth, { workload }: Facts): boolean => {
  const { replicas, available } = workload;
  if (replicas === 0) return false;
  // Made smaller again after it had been given the size: nobody is fought with.
  return replicas < to ? reachedAt === undefined : available < to;
};

/** The size that the workload has to be given now; undefined where it has been given it. */
export const sizeToGive = (status: ReleaseStatus, facts: Facts): number | undefined => {
  const growth = status.ending?.growth;
  if (growth === undefined || growth.reachedAt !== undefined || !isGrowing(status, facts)) return undefined;
  return facts.workload.replicas < growth.to ? growth.to : undefined;
};

/** The workload has been given the size, and nothing says so yet. */
export const isReached = ({ ending }: ReleaseStatus, { workload }: Facts): boolean =>
  ending?.growth !== undefined && ending.growth.reachedAt === undefined && workload.replicas >= ending.growth.to;

export const waitingForGrowth = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  const { ending } = status;
  if (ending?.growth === undefined || !isGrowing(status, facts)) return undefined;
  const { from, to } = ending.growth;
  const message = `${ending.message}; the workload grows from ${from} to ${to} replicas, its size before, and the canary keeps its share until they serve`;
  return { reason: 'StableGrowing', message };
};

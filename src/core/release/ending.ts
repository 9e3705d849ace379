/** The way out, the same for every outcome: routes back, wait for the proxies, canary gone, workload told. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { noSplit, sameSplit } from '../../values/split.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { growthEnds, isGrowing, isReached } from './growth.ts';
import { lastSender, lastTouched, wasRoutedTo } from './last-sender.ts';
import { givingBack, podsMayGoAt } from './room.ts';
import { soonest, type Next } from './stages/handler.ts';
import { inPhase, patienceEnds, repairPause, wantedSplit, wanting, withStatus } from './state.ts';

type End = NonNullable<ReleaseStatus['ending']>;
type Move = Exclude<Next, { readonly over: ReleaseStatus }>;

/** Transition of a release whose ending has been decided. */
export const ending = (status: ReleaseStatus, end: End, facts: Facts): Move => {
  if (hasNothing(status, facts)) return closed(end, facts) ? { status: over(status, end, facts) } : {};
  if (keepsShare(status)) return keeping(status, end, facts);
  if (!facts.route.pristine) return facts.takenOver?.route === true ? {} : routesComingBack(status, facts);
  if (!removalDue(status, facts)) return untilNobodySends(status, facts);
  if (!nothingLeft(facts)) return collecting(status, facts);
  return closed(end, facts) ? { status: over(status, end, facts) } : {};
};

const untilNobodySends = (status: ReleaseStatus, facts: Facts): Move => {
  const { questions, wakeAt } = lastSender(status, facts);
  return { questions, ...soonest(facts, [removableAt(status, facts), wakeAt]) };
};

/** What was answered stays known until the canary is on its way out. */
const collecting = (status: ReleaseStatus, facts: Facts): Move => ({
  questions: lastSender(status, facts).questions,
  wakeAt: facts.now + collectionPause,
});

/** How often it is looked whether the pods of a canary that was deleted are gone: nothing tells when a collector is late. */
const collectionPause: Milliseconds = 2000;

const nothingLeft = ({ canaryGone, protection }: Facts): boolean => canaryGone && protection.companions.removable === 0;

/**
 * It ends before it began, behind another that is on its way out: what there is of a canary and of a split is that one's,
 * and it knows how long stable needs them.
 */
export const hasNothing = ({ provider }: ReleaseStatus, { ahead }: Facts): boolean =>
  provider === undefined && ahead !== undefined;

const keeping = (status: ReleaseStatus, end: End, facts: Facts): Move => {
  if (end.growth !== undefined && isReached(status, facts)) {
    const growth = { ...end.growth, reachedAt: toRfc3339(facts.now) };
    return { status: withStatus(status, { ending: { ...end, growth } }) };
  }
  if (!keepsServing(status, facts)) return { status: releaseCanary(status, end, facts) };
  const less = isGrowing(status, facts) && facts.now >= nextPart(status, end) ? givingBack(status, facts) : undefined;
  return less === undefined ? untilPatienceEnds(status, end, facts) : { status: less };
};

/** What stable can take before it has all its pods: it may need the canary's room for the rest. */
const betweenParts: Milliseconds = 10_000;

const nextPart = ({ givenBack }: ReleaseStatus, { decidedAt }: End): Instant =>
  Math.max(fromRfc3339(decidedAt) ?? 0, fromRfc3339(givenBack?.at) ?? 0) + betweenParts;

/** The canary carries its share until stable can do without it. */
export const keepsServing = (status: ReleaseStatus, facts: Facts): boolean =>
  stableMustRecoverFirst(status, facts) || isGrowing(status, facts);

const keepsShare = (status: ReleaseStatus): boolean => !sameSplit(wantedSplit(status), noSplit);

const keepsUntil = (end: End, facts: Facts): Instant =>
  end.growth === undefined ? patienceEnds(end, facts) : growthEnds(end, facts);

const untilPatienceEnds = (status: ReleaseStatus, end: End, facts: Facts): Move => {
  const back = fromRfc3339(status.standIn?.stableBackSince);
  if (back !== undefined) return soonest(facts, [back + facts.plan.propagationDelay]);
  const part = isGrowing(status, facts) ? nextPart(status, end) : undefined;
  return soonest(facts, [keepsUntil(end, facts), podsMayGoAt(status, facts), part]);
};

/**
 * Ended in the middle of a promotion: the canary, while it has a pod, carries its share until stable is at full size
 * again. Where stable has nobody to answer, however long that takes: the canary is all that serves.
 */
export const stableMustRecoverFirst = (status: ReleaseStatus, facts: Facts): boolean => {
  const { available } = facts.workload;
  if (status.ending === undefined || !keepsShare(status) || (facts.canary?.ready ?? 0) === 0) return false;
  if (status.standIn !== undefined) return true;
  return !standsAgain(facts.workload) && (available === 0 || facts.now < keepsUntil(status.ending, facts));
};

/** With Recreate, pods that are counted while another template rolls are those that are about to go. */
const standsAgain = ({ available, replicas, vanishes, paused, complete }: Facts['workload']): boolean =>
  available >= replicas && (!vanishes || paused || complete);

const releaseCanary = (status: ReleaseStatus, end: End, facts: Facts): ReleaseStatus =>
  wanting(withStatus(status, { ending: { ...end, withdrawnAt: toRfc3339(facts.now) } }), noSplit);

/** The delay counts from the moment the routes are back, not from the wish. */
const routesComingBack = (status: ReleaseStatus, facts: Facts): Move => {
  const since = lastTouched(status) + repairPause;
  return facts.now < since
    ? { wakeAt: since }
    : { status: withStatus(status, { routesRestoredAt: toRfc3339(facts.now) }) };
};

/** When the canary may go: the routes have led to stable alone for as long as proxies may take to notice. */
const removableAt = (status: ReleaseStatus, facts: Facts): Instant | undefined => {
  if (!facts.route.pristine) return undefined;
  return lastTouched(status) + (wasRoutedTo(status, facts) ? facts.plan.propagationDelay : 0);
};

/** The routes lead to stable alone, and every proxy should have noticed. */
export const routesKnown = (status: ReleaseStatus, facts: Facts): boolean => {
  const at = removableAt(status, facts);
  return at !== undefined && at <= facts.now;
};

export const removalDue = (status: ReleaseStatus, facts: Facts): boolean =>
  routesKnown(status, facts) && !lastSender(status, facts).keeps;

/** The workload shows how it ended, or belongs to somebody else by now. */
const closed = (end: End, facts: Facts): boolean => {
  const { marks, timedOut, endedBy } = facts.workload;
  if (marks?.release !== facts.release.name) return endedBy === undefined;
  return end.outcome === 'Failed' && facts.plan.onFailure === 'hold' && marks.phase === 'Failed' && timedOut;
};

const over = (status: ReleaseStatus, end: End, facts: Facts): ReleaseStatus => {
  const over = wanting(inPhase(status, end.outcome, facts), noSplit);
  return withStatus(over, { completedAt: toRfc3339(facts.now), waiting: undefined });
};

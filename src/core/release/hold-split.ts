/**
 * Keeps the split and the clock honest: the time of a stage starts over when the split was lost (a route reset by
 * somebody, all canary pods gone), because what was measured meanwhile says nothing about the canary.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { isNoSplit, sameSplit } from '../../values/split.ts';
import { fromRfc3339, toRfc3339, type Instant } from '../../values/time.ts';
import { calmAt, owedBefore, readyAgain } from './canary-flaps.ts';
import { canaryReady, enoughReady } from './canary-size.ts';
import type { Facts } from './facts.ts';
import { shortOfPods } from './short-of-pods.ts';
import type { Next } from './stages/handler.ts';
import { repairPause, wantedSplit, withStatus } from './state.ts';

/** Without a route, pods that are ready serve, whatever is still missing. */
export const servesAnyway = (facts: Facts): boolean => facts.route.splits === 'replicas' && canaryReady(facts) > 0;

/** What has to happen before the stage can go on; undefined while the wanted split is in place, or what pods serve without one. */
export const holdSplit = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  const at = fromRfc3339(status.splitInPlaceAt);
  if (at !== undefined && canaryReady(facts) === 0)
    return { status: withStatus(status, { splitInPlaceAt: undefined }) };
  if ((at === undefined && servesAnyway(facts)) || isWholeNow(status, facts))
    return { status: placedNow(status, facts) };
  const short = shortOfPods(status, facts);
  // A split that is in place stays so while further pods start.
  if (short !== undefined && (at === undefined || !('wakeAt' in short))) return short;
  if (at === undefined) return putInPlace(status, facts);
  return at < facts.now && !isInPlace(status, facts) ? repair(status, at, facts) : undefined;
};

/** To a canary that flaps no route leads before it has stayed ready for a while. */
const putInPlace = (status: ReleaseStatus, facts: Facts): Next => {
  const calm = calmAt(status, facts);
  return facts.now < calm ? { wakeAt: calm } : { status: placedNow(status, facts) };
};

const placedNow = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const since = fromRfc3339(status.canaryShortSince);
  const isWhole = since !== undefined && enoughReady(status, facts);
  return withStatus(isWhole ? readyAgain(status, since, facts) : status, { splitInPlaceAt: toRfc3339(facts.now) });
};

/** The time of a step begins with all of its pods, where it was short of them from the beginning. */
const isWholeNow = (status: ReleaseStatus, facts: Facts): boolean => {
  const [short, at] = [fromRfc3339(status.canaryShortSince), fromRfc3339(status.splitInPlaceAt)];
  return servesAnyway(facts) && short !== undefined && at !== undefined && short <= at && enoughReady(status, facts);
};

/** When the release gives up waiting for pods, while their split is in place. */
export const giveUpAt = (status: ReleaseStatus, { plan }: Facts): Instant => {
  const since = fromRfc3339(status.canaryShortSince) ?? Infinity;
  return since + plan.progressDeadline - owedBefore(status, since);
};

/** Undefined where the step has its pods; where it has not, it goes on with them or gives up. */
export const waitsForPods = (status: ReleaseStatus, facts: Facts): Instant | undefined =>
  facts.route.splits === 'route' || enoughReady(status, facts) ? undefined : giveUpAt(status, facts);

const isInPlace = (status: ReleaseStatus, { route }: Facts): boolean =>
  route.splits === 'replicas' ||
  // Nothing is wanted of the routes before the first weight, so nothing of it can be lost.
  isNoSplit(wantedSplit(status)) ||
  (route.observed !== 'unknown' && route.accepted !== 'refused' && sameSplit(route.observed, wantedSplit(status)));

const repair = (status: ReleaseStatus, at: Instant, facts: Facts): Next => {
  // Whoever has taken the route over decides what it says; the change that gives it back brings us here again. So does
  // the kind of route that is installed again.
  if (facts.takenOver?.route === true || facts.route.unserved !== undefined) return {};
  if (facts.now < at + repairPause) return { wakeAt: at + repairPause };
  const message = `the split was lost and is put back: ${wantedSplit(status).weight} % for the canary`;
  return {
    status: withStatus(status, {
      splitInPlaceAt: toRfc3339(facts.now),
      ...(facts.route.accepted !== 'refused' ? { waiting: { reason: 'SplitLost', message } } : {}),
    }),
  };
};

/** The status in which another split is wanted. Where no pod has to be waited for it is in place at once: the route is written right after this status. */
export const settled = (status: ReleaseStatus, facts: Facts): ReleaseStatus =>
  withStatus(status, {
    // Without a route a step can begin with a part of its pods; the deadline for the rest goes on.
    canaryShortSince: servesAnyway(facts) && !enoughReady(status, facts) ? status.canaryShortSince : undefined,
    splitInPlaceAt: enoughReady(status, facts) ? toRfc3339(facts.now) : undefined,
  });

/**
 * A canary whose pods flap between ready and not ready. The times when it was not ready add up, and only a long ready time
 * cancels them. Waiting for additional pods is not a flap.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { plural } from '../../values/words.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { withStatus } from './state.ts';

/** How many seconds a canary must be ready to cancel one second in which it was not. */
const payOff = 10;
/** The wait before a route leads to the canary again doubles with each flap, at most this many times. */
const mostDoublings = 5;

/** Whether the canary is short of pods only because the stage needs more of them and has just begun. */
const isGrowth = ({ canaryShortSince, stageEnteredAt }: ReleaseStatus): boolean => canaryShortSince === stageEnteredAt;

const owedAt = ({ canaryFlaps }: ReleaseStatus, at: Instant): Milliseconds => {
  if (canaryFlaps === undefined) return 0;
  const readyFor = Math.max(0, at - (fromRfc3339(canaryFlaps.until) ?? at));
  return Math.max(0, canaryFlaps.unready - Math.floor(readyFor / payOff));
};

/** How much of the deadline earlier shortages had used up when the present one began. */
export const owedBefore = (status: ReleaseStatus, since: Instant): Milliseconds =>
  isGrowth(status) ? 0 : owedAt(status, since);

/** The status once the canary has enough ready pods again. */
export const readyAgain = (status: ReleaseStatus, since: Instant, { now }: Facts): ReleaseStatus => {
  const ended = withStatus(status, { canaryShortSince: undefined });
  if (isGrowth(status)) return ended;
  const owed = owedAt(status, since);
  const times = (owed === 0 ? 0 : (status.canaryFlaps?.times ?? 0)) + 1;
  const canaryFlaps = { times, unready: owed + Math.max(0, now - since), until: toRfc3339(now) };
  return withStatus(ended, { canaryFlaps });
};

/** When a route may lead to the canary again: at once if nothing else serves. */
export const calmAt = ({ canaryFlaps, phase }: ReleaseStatus, { now, plan, route, workload }: Facts): Instant => {
  if (canaryFlaps === undefined || phase === 'Promoting' || route.splits === 'replicas' || workload.available === 0)
    return now;
  const delay = plan.propagationDelay * 2 ** Math.min(canaryFlaps.times - 1, mostDoublings);
  return (fromRfc3339(canaryFlaps.until) ?? now) + delay;
};

/** Whether the canary is ready but gets no traffic until it has stayed ready for a while. */
export const waitsToCalmDown = (status: ReleaseStatus, facts: Facts): boolean =>
  status.phase !== 'Preparing' &&
  status.splitInPlaceAt === undefined &&
  status.canaryShortSince === undefined &&
  facts.now < calmAt(status, facts);

export const flapsText = ({ canaryFlaps }: ReleaseStatus, { plan }: Facts): string => {
  const { times = 0, unready = 0 } = canaryFlaps ?? {};
  const seconds = Math.round(unready / 1000);
  return `the canary does not stay ready: it was not ${plural(times, 'time')}, for ${seconds} s in all of at most ${plan.progressDeadline / 1000} s; its traffic comes back once it stays ready`;
};

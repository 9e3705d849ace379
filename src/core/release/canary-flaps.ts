/**
 * A canary whose pods come and go. A short readiness does not make good what was not: the time without its pods is summed,
 * and only a long one pays it off. That pods start because more of them are needed is no flap.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { plural } from '../../values/words.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { withStatus } from './state.ts';

/** So long has a canary to be ready for each second that it was not. */
const payOff = 10;
/** The wait before a route leads to it again doubles with each flap, so often at most. */
const mostDoublings = 5;

/** A stage that needs more pods than there are begins with waiting for them. */
const isGrowth = ({ canaryShortSince, stageEnteredAt }: ReleaseStatus): boolean => canaryShortSince === stageEnteredAt;

const owedAt = ({ canaryFlaps }: ReleaseStatus, at: Instant): Milliseconds => {
  if (canaryFlaps === undefined) return 0;
  const readyFor = Math.max(0, at - (fromRfc3339(canaryFlaps.until) ?? at));
  return Math.max(0, canaryFlaps.unready - Math.floor(readyFor / payOff));
};

/** What of the deadline had been used up before the canary came to be short of pods. */
export const owedBefore = (status: ReleaseStatus, since: Instant): Milliseconds =>
  isGrowth(status) ? 0 : owedAt(status, since);

/** The canary has its pods again. */
export const readyAgain = (status: ReleaseStatus, since: Instant, { now }: Facts): ReleaseStatus => {
  const ended = withStatus(status, { canaryShortSince: undefined });
  if (isGrowth(status)) return ended;
  const owed = owedAt(status, since);
  const times = (owed === 0 ? 0 : (status.canaryFlaps?.times ?? 0)) + 1;
  const canaryFlaps = { times, unready: owed + Math.max(0, now - since), until: toRfc3339(now) };
  return withStatus(ended, { canaryFlaps });
};

/** When a route may lead to the canary again. Where it is all that serves, at once. */
export const calmAt = ({ canaryFlaps, phase }: ReleaseStatus, { now, plan, route, workload }: Facts): Instant => {
  if (canaryFlaps === undefined || phase === 'Promoting' || route.splits === 'replicas' || workload.available === 0)
    return now;
  const delay = plan.propagationDelay * 2 ** Math.min(canaryFlaps.times - 1, mostDoublings);
  return (fromRfc3339(canaryFlaps.until) ?? now) + delay;
};

/** It is ready, and nothing is routed to it yet. */
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

/**
 * A workload at 0 replicas is off, and its canary with it: what callers are not to reach, no canary answers alone. Scaled up
 * again, stable serves first, and the plan begins anew.
 */
import type { ReleaseStatus, Waiting } from '../../schema/release.ts';
import { noSplit } from '../../values/split.ts';
import { toRfc3339 } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { outageOf } from './stable-outage.ts';
import { enterFirst, enterPromotion } from './stages/table.ts';
import { wanting, withStatus } from './state.ts';

export const isOff = ({ workload }: Pick<Facts, 'workload'>): boolean => workload.replicas === 0;

/** The status in which the canary goes off with its workload, or comes back after it; undefined while nothing of that changes. */
export const offWithWorkload = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  // What has not begun has no canary; what is on its way out takes it away.
  if (status.phase === 'Pending' || status.ending !== undefined || facts.planUnreadable !== undefined) return undefined;
  if (status.offSince === undefined) return isOff(facts) ? goneOff(status, facts) : undefined;
  return isOff(facts) || !stableServes(facts) ? undefined : begunAnew(status, facts);
};

const goneOff = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const forgotten = { standIn: undefined, splitInPlaceAt: undefined, canaryShortSince: undefined, waiting: undefined };
  return wanting(withStatus(status, { ...forgotten, offSince: toRfc3339(facts.now) }), noSplit);
};

const stableServes = (facts: Facts): boolean => facts.workload.available > 0 && outageOf(facts) === undefined;

const begunAnew = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const on = withStatus(status, { offSince: undefined, canaryReadyAt: undefined });
  // A promotion that had begun was decided on, and may be under way.
  if (status.phase === 'Promoting') return enterPromotion(on, facts);
  return enterFirst(withStatus(on, { step: 0, stepLabel: `0/${status.steps ?? 0}` }), facts);
};

export const waitingToBeOn = ({ offSince, ending }: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (ending !== undefined || (offSince === undefined && !isOff(facts))) return undefined;
  const { name } = facts.release.spec.workload;
  const message = isOff(facts)
    ? `${name} is scaled to 0, and the canary with it; the release begins anew when it is scaled up`
    : `${name} is scaled up again; the release begins anew once a pod of stable serves`;
  return { reason: 'ScaledToZero', message };
};

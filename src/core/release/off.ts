/**
 * A workload at 0 replicas is off, and Sluice turns its canary off with it: a canary must not serve alone what the user
 * has turned off. When the workload is scaled up again, stable serves first and the plan starts over.
 */
import type { ReleaseStatus, Waiting } from '../../schema/release.ts';
import { noSplit } from '../../values/split.ts';
import { toRfc3339 } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { outageOf } from './stable-outage.ts';
import { enterFirst, enterPromotion } from './stages/table.ts';
import { wanting, withStatus } from './state.ts';

export const isOff = ({ workload }: Pick<Facts, 'workload'>): boolean => workload.replicas === 0;

/** The new status when the canary has to be turned off with its workload or on again; undefined if neither applies. */
export const offWithWorkload = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  // A pending release has no canary yet, and an ending release removes it anyway.
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
  // A promotion that has started is not taken back: the workload may already be rolling.
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

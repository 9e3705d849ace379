/**
 * The canary stands in for a stable that has nobody to answer: it takes all of the traffic, and gives it back once stable has
 * answered for as long as proxies take to notice. What stable cannot mend itself (the Service leads past its pods) is
 * mended by the promotion, so the plan goes on, all of it at 100 %; otherwise the release holds, and its windows start anew
 * afterwards.
 */
import { fromRfc3339, toRfc3339 } from '../../values/time.ts';
import type { ReleaseStatus } from '../../schema/release.ts';
import { canaryAnswering } from './canary-size.ts';
import type { Facts } from './facts.ts';
import { settled } from './hold-split.ts';
import { outageOf, type Outage } from './stable-outage.ts';
import type { Stay } from './stages/handler.ts';
import { patienceIsOver, withStatus, wantedSplit } from './state.ts';

type StandIn = NonNullable<ReleaseStatus['standIn']>;

/** The status in which the canary begins or ceases to stand in; undefined while nothing of that changes. */
export const standIn = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  if (status.phase === 'Pending' || status.provider === undefined || status.offSince !== undefined) return undefined;
  const outage = canStandIn(status, facts) ? outageOf(facts) : undefined;
  const { standIn: present } = status;
  if (present === undefined) return outage === undefined ? undefined : begun(status, outage, facts);
  return outage === undefined ? endOf(status, present, facts) : goesOn(status, present, outage);
};

/** A cut off stable loses nothing by a route that is there before the canary's pods are. */
const canStandIn = (status: ReleaseStatus, facts: Facts): boolean => {
  if (canaryAnswering(facts) === 0 && (facts.stable?.cutOff === undefined || status.ending !== undefined)) return false;
  return !givesWay(status, facts);
};

/** The next release, which may mend it, does not wait for ever behind one that is over. */
const givesWay = ({ ending }: ReleaseStatus, facts: Facts): boolean => {
  const { marks } = facts.workload;
  const isFollowed = marks !== undefined && marks.release !== facts.release.name;
  return ending !== undefined && isFollowed && facts.stable?.cutOff !== undefined && patienceIsOver(ending, facts);
};

const shown = (status: ReleaseStatus): ReleaseStatus => withStatus(status, { weight: wantedSplit(status).weight });

const begun = (status: ReleaseStatus, { cutOff }: Outage, facts: Facts): ReleaseStatus =>
  shown(settled(withStatus(status, { standIn: { since: toRfc3339(facts.now), cutOff } }), facts));

const goesOn = (status: ReleaseStatus, present: StandIn, { cutOff }: Outage): ReleaseStatus | undefined => {
  if (present.cutOff === cutOff && present.stableBackSince === undefined) return undefined;
  return withStatus(status, { standIn: { since: present.since, cutOff } });
};

const endOf = (status: ReleaseStatus, present: StandIn, facts: Facts): ReleaseStatus | undefined => {
  const since = fromRfc3339(present.stableBackSince);
  // Nobody is left to wait for where the canary does not answer either.
  const isServed = canaryAnswering(facts) > 0 && !givesWay(status, facts);
  if (isServed && since === undefined)
    return withStatus(status, { standIn: { ...present, stableBackSince: toRfc3339(facts.now) } });
  if (isServed && since !== undefined && facts.now < since + facts.plan.propagationDelay) return undefined;
  const { ending } = status;
  const withdrawn = ending === undefined ? {} : { ending: { ...ending, withdrawnAt: toRfc3339(facts.now) } };
  return shown(settled(withStatus(status, { standIn: undefined, ...withdrawn }), facts));
};

/** What the stage of a plan waits for, whatever kind it is; undefined where it may go on. */
export const heldByStandIn = ({ standIn: present, phase }: ReleaseStatus, facts: Facts): Stay | undefined => {
  if (present === undefined) return undefined;
  const back = fromRfc3339(present.stableBackSince);
  const wakeAt = back === undefined ? undefined : back + facts.plan.propagationDelay;
  // A promotion is what brings stable back, and where it is cut off the plan leads there.
  if (phase === 'Promoting' || (present.cutOff && back === undefined)) return undefined;
  return wakeAt === undefined ? {} : { wakeAt };
};

/**
 * A promotion that lacks room: a quota or full nodes leave none for the workload's new pods, and the canary sits on it. The
 * canary has been judged, so it makes way, as far as stable can serve without it; where stable has all its pods, that is
 * all of it. What is given back is not taken again: the roll needs it.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { percent } from '../../values/percent.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { sizeToReach } from './growth.ts';
import { wantedSplit, wanting, withStatus } from './state.ts';

/** Whether the workload rolls to the released template and is not done yet. */
export const isRolling = ({ workload, release }: Facts): boolean =>
  !workload.paused && workload.templateHash === release.spec.templateHash && !workload.complete;

/** A pod that has not moved the roll on by then may be waiting for a node. */
const quiet: Milliseconds = 10_000;

/** Why there is no room for pods: the message of the quota or the scheduler. */
export const lackOfRoom = (facts: Facts): string | undefined =>
  isRolling(facts) ? (facts.workload.refused ?? unschedulable(facts)) : undefined;

/** Ignores a look at the pods from before the last progress of the roll. */
const unschedulable = ({ roll, workload }: Facts): string | undefined =>
  roll === undefined || roll.at < (workload.progressedAt ?? 0) ? undefined : roll.unschedulable;

/** Since when the roll has made no progress; undefined if no roll is running. */
const quietSince = (status: ReleaseStatus, facts: Facts): Instant | undefined =>
  isRolling(facts)
    ? Math.max(fromRfc3339(status.phaseEnteredAt) ?? facts.now, facts.workload.progressedAt ?? 0)
    : undefined;

/** When the workload's pods have to be looked at: twice while nothing moves, and not where the reason is known. */
export const lookAt = (status: ReleaseStatus, facts: Facts): Instant | undefined => {
  const since = quietSince(status, facts);
  if (since === undefined || lackOfRoom(facts) !== undefined) return undefined;
  const looked = facts.roll?.at ?? 0;
  return [since + quiet, since + facts.plan.progressDeadline].find((at) => looked < at);
};

/**
 * Percent of the whole load that stable, and who else stands behind the Service, cannot serve with the pods there are.
 * Rounded down, so that each pod that stable gets frees one of the canary.
 */
export const leastShare = (status: ReleaseStatus, facts: Facts): number => {
  const { replicas, available } = facts.workload;
  const needed = sizeToReach(status, facts) ?? replicas;
  // Pods above the wanted number are about to go.
  const serving = Math.min(available, replicas);
  const all = needed + (facts.route.shared?.replicas ?? 0);
  return all === 0 ? 0 : Math.max(0, Math.floor((100 * (needed - serving)) / all));
};

/** The status in which the canary has a smaller share or none; undefined if it has nothing to give back. */
export const givingBack = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  // Nobody else serves, whatever stable counts as available.
  if (status.standIn !== undefined) return undefined;
  const share = leastShare(status, facts);
  if (share >= wantedSplit(status).weight) return undefined;
  const givenBack = { weight: carriedWeight(status, facts), at: toRfc3339(facts.now) };
  const less = wanting(withStatus(status, { givenBack }), { ...wantedSplit(status), weight: percent(share) });
  return withStatus(less, { splitInPlaceAt: toRfc3339(facts.now), canaryShortSince: undefined });
};

/** When surplus canary pods may be removed: until then, proxies may still send by the earlier weight. */
export const podsMayGoAt = ({ givenBack }: ReleaseStatus, { plan, route }: Facts): Instant | undefined => {
  const at = fromRfc3339(givenBack?.at);
  return at === undefined || route.splits === 'replicas' ? at : at + plan.propagationDelay;
};

/** The weight that the canary needs its pods for: the one of before until every proxy has followed. */
export const carriedWeight = (status: ReleaseStatus, facts: Facts): number => {
  const { weight } = wantedSplit(status);
  const goAt = podsMayGoAt(status, facts);
  return goAt === undefined || facts.now >= goAt ? weight : Math.max(weight, status.givenBack?.weight ?? 0);
};

/** When a roll without progress is reported as stuck; undefined if no roll is running. */
export const stuckAt = (status: ReleaseStatus, facts: Facts): Instant | undefined => {
  const since = quietSince(status, facts);
  return since === undefined ? undefined : since + facts.plan.progressDeadline;
};

export const isStuck = (status: ReleaseStatus, facts: Facts): boolean => {
  const at = stuckAt(status, facts);
  return at !== undefined && (facts.workload.timedOut || facts.now >= at);
};

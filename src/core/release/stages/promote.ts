/** Give the template to stable: the workload is unpaused, and the canary serves until its roll is over. */
import type { ReleaseStatus } from '../../../schema/release.ts';
import { fromRfc3339, toRfc3339 } from '../../../values/time.ts';
import type { Split } from '../../../values/split.ts';
import { canaryReady, enoughReady, sizeNow } from '../canary-size.ts';
import type { Facts } from '../facts.ts';
import { giveUpAt, holdSplit, settled } from '../hold-split.ts';
import { givingBack, isRolling, lackOfRoom, lookAt, podsMayGoAt, stuckAt } from '../room.ts';
import { endWith, everything, inPhase, wantedSplit, wanting, withStatus } from '../state.ts';
import { soonest, type Handler, type Next, type Stay } from './handler.ts';

/** Where no stable pod may serve while it rolls, the canary takes everything first. */
const splitFor = (status: ReleaseStatus, { workload, plan }: Facts): Split => {
  if (workload.vanishes) return everything;
  const wanted = wantedSplit(status);
  if (wanted.weight > 0) return wanted;
  const first = plan.stages.find((stage) => stage.do === 'split' && stage.split.weight > 0);
  return first?.do === 'split' ? first.split : wanted;
};

const delayOf = ({ workload, plan }: Facts): number => (workload.vanishes ? plan.propagationDelay : 0);

/** When stable may be unpaused; undefined while the promotion's own split is not in place. */
export const promotableAt = (status: ReleaseStatus, facts: Facts): number | undefined => {
  const at = fromRfc3339(status.splitInPlaceAt);
  return at === undefined ? undefined : at + delayOf(facts);
};

const isPromoted = ({ workload, release }: Facts): boolean =>
  !workload.paused && workload.templateHash === release.spec.templateHash;

const succeeded = (status: ReleaseStatus, facts: Facts): Next => ({
  status: endWith(status, facts, {
    outcome: 'Succeeded',
    reason: 'Promoted',
    message: `promoted: every pod of ${facts.release.spec.workload.name} runs the new template`,
  }),
});

/**
 * Where all pods of stable went at once, no proxy knows the new ones yet: the routes come back to them when every proxy has
 * had the time to hear of them. Elsewhere there have been pods of stable all the time.
 */
const knownToProxies = (status: ReleaseStatus, { workload, plan, now, route }: Facts): Next | undefined => {
  if (!workload.vanishes || route.splits === 'replicas') return undefined;
  const rolledAt = fromRfc3339(status.rolledAt);
  if (rolledAt === undefined) return { status: withStatus(status, { rolledAt: toRfc3339(now) }) };
  const known = rolledAt + plan.propagationDelay;
  return now < known ? { wakeAt: known } : undefined;
};

export const promote: Handler<'promote'> = {
  enter: (_stage, status, facts) => {
    const promoting = inPhase(status, 'Promoting', facts);
    const wanted = splitFor(status, facts);
    return wanted.weight === status.wanted?.split.weight ? promoting : settled(wanting(promoting, wanted), facts);
  },
  next: (_stage, status, facts) => {
    if (isPromoted(facts) && facts.workload.complete) return knownToProxies(status, facts) ?? succeeded(status, facts);
    const made = isRolling(facts) ? makesRoom(status, facts) : goesWithWhatFits(status, facts);
    if (made !== undefined) return { status: made };
    // A canary that has given everything back has no split to hold.
    const kept = sizeNow(status, facts) === 0 ? undefined : holdSplit(status, facts);
    if (kept !== undefined && !isStay(kept)) return kept;
    return soonest(facts, [
      kept?.wakeAt,
      promotableAt(status, facts),
      podsMayGoAt(status, facts),
      stuckAt(status, facts),
      lookAt(status, facts),
    ]);
  },
};

const isStay = (next: Next): next is Stay => !('status' in next || 'over' in next || 'look' in next);

/** The canary has lacked pods for so long that a release would fail for it, before its promotion. */
const isShortForGood = (status: ReleaseStatus, facts: Facts): boolean =>
  status.canaryShortSince !== undefined && !enoughReady(status, facts) && facts.now >= giveUpAt(status, facts);

/** The time without pods counts anew. */
const forgivenShortage = { canaryShortSince: undefined, canaryFlaps: undefined } as const;

/**
 * While the workload rolls the canary is not judged any more, and neither a quota that leaves no room for both nor a pod of
 * it that does not come back makes the release fail.
 */
const makesRoom = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const isShort = isShortForGood(status, facts);
  if (lackOfRoom(facts) === undefined && !isShort) return undefined;
  return givingBack(status, facts) ?? (isShort ? withStatus(status, forgivenShortage) : undefined);
};

/** Where all pods of stable go at once, a canary that could not be made as large serves more callers than nobody. */
const goesWithWhatFits = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  if (!facts.workload.vanishes || status.splitInPlaceAt !== undefined || enoughReady(status, facts)) return undefined;
  const isWorthIt = facts.canary?.refused !== undefined || isShortForGood(status, facts);
  if (!isWorthIt || canaryReady(facts) === 0) return undefined;
  return withStatus(status, { splitInPlaceAt: toRfc3339(facts.now), ...forgivenShortage });
};

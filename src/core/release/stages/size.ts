/** A stage that brings up canary pods and waits until routes can lead to them. */
import type { ReleaseStatus } from '../../../schema/release.ts';
import { isNoSplit } from '../../../values/split.ts';
import { fromRfc3339, toRfc3339 } from '../../../values/time.ts';
import { heldByApex } from '../apex-hold.ts';
import { enoughReady } from '../canary-size.ts';
import type { Facts } from '../facts.ts';
import { giveUpAt, holdSplit, servesAnyway } from '../hold-split.ts';
import { shortOfPods } from '../short-of-pods.ts';
import { inPhase, wantedSplit, withStatus } from '../state.ts';
import { soonest, type Handler, type Next } from './handler.ts';

/**
 * Canary pods must be ready, published and known to the proxies before any route leads to them: a proxy answers 503 for a
 * route to a cluster that it does not know. Without a route, the first ready pod serves at once and is judged.
 */
export const size: Handler<'size'> = {
  enter: (_stage, status, facts) =>
    isRouted(status) ? status : withStatus(inPhase(status, 'Preparing', facts), { canaryReadyAt: undefined }),
  next: (_stage, status, facts) => {
    if (isRouted(status)) return resized(status, facts);
    const next = readiness(status, facts);
    return 'over' in next ? (heldByApex(status, facts) ?? next) : next;
  },
};

/** Whether the canary already serves, as it does in the middle of a plan. */
const isRouted = (status: ReleaseStatus): boolean => !isNoSplit(wantedSplit(status));

const resized = (status: ReleaseStatus, facts: Facts): Next => {
  const kept = holdSplit(status, facts);
  if (kept !== undefined) return kept;
  return enoughReady(status, facts) ? { over: status } : soonest(facts, [giveUpAt(status, facts)]);
};

const readiness = (status: ReleaseStatus, facts: Facts): Next => {
  if (servesAnyway(facts)) return { over: status };
  if (!enoughReady(status, facts) && status.canaryReadyAt !== undefined)
    return { status: withStatus(status, { canaryReadyAt: undefined }) };
  const short = shortOfPods(status, facts);
  if (short !== undefined) return short;
  const readyAt = fromRfc3339(status.canaryReadyAt);
  if (readyAt === undefined) return { status: withStatus(status, { canaryReadyAt: toRfc3339(facts.now) }) };
  const known = readyAt + facts.plan.propagationDelay;
  return facts.now < known ? { wakeAt: known } : { over: status };
};

/** Make the canary and wait until it can be routed to. */
import type { ReleaseStatus } from '../../../schema/release.ts';
import { fromRfc3339, toRfc3339 } from '../../../values/time.ts';
import { heldByApex } from '../apex-hold.ts';
import { enoughReady } from '../canary-size.ts';
import type { Facts } from '../facts.ts';
import { servesAnyway } from '../hold-split.ts';
import { shortOfPods } from '../short-of-pods.ts';
import { inPhase, withStatus } from '../state.ts';
import type { Handler, Next } from './handler.ts';

/**
 * Canary pods have to be ready and published before any route leads to them, and the proxies have to know them: a route
 * to a cluster that a proxy has not heard of answers 503. Without a route the first ready pod serves, and is judged.
 */
export const size: Handler<'size'> = {
  enter: (_stage, status, facts) => withStatus(inPhase(status, 'Preparing', facts), { canaryReadyAt: undefined }),
  next: (_stage, status, facts) => {
    const next = readiness(status, facts);
    return 'over' in next ? (heldByApex(status, facts) ?? next) : next;
  },
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

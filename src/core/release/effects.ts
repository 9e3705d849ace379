/**
 * What should be true in the cluster in a given state. Level-triggered: every effect is a wish that costs nothing when it
 * is already fulfilled, so repeating them after a crash is harmless and nothing has to be remembered.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { fromRfc3339 } from '../../values/time.ts';
import { readRequester } from '../marks/marks.ts';
import { acceptedAfterwards } from './requests.ts';
import { noSplit, type Split } from '../../values/split.ts';
import type { Facts } from './facts.ts';
import { hasNothing, keepsServing, removalDue, routesKnown } from './ending.ts';
import { sizeToGive } from './growth.ts';
import { canaryReady, sizeNow } from './canary-size.ts';
import { lookAt } from './room.ts';
import { promotableAt } from './stages/promote.ts';
import { isFinal, rolledAlone, wantedSplit } from './state.ts';

export type Effect =
  /** What selects stable's pods and would miss the canary's, copied for the canary: nothing more, and nothing else. */
  | { readonly do: 'ensure-companions' }
  | { readonly do: 'remove-companions' }
  /** Canary Deployment of the release's template with at least so many replicas, and the Service in front of it. */
  | { readonly do: 'ensure-canary'; readonly replicas: number }
  | { readonly do: 'route'; readonly split: Split }
  /** The user's routes as they were, generated ones gone. */
  | { readonly do: 'restore-routes' }
  | { readonly do: 'remove-canary' }
  /** The workload has at least so many replicas. */
  | { readonly do: 'grow-workload'; readonly replicas: number }
  /** Why the workload's pods do not come is found out. */
  | { readonly do: 'look-at-roll' }
  /** Unpause exactly the template that was judged. */
  | { readonly do: 'promote' }
  /** Unpause the template, which nobody judges. */
  | { readonly do: 'let-roll' }
  /** Put the stable template back, unpaused. */
  | { readonly do: 'put-back' }
  /** The workload says that its release failed: marks, and Progressing = False for `kubectl rollout status`. */
  | { readonly do: 'mark-failed'; readonly message: string }
  /** Progressing no longer tells of an earlier failure. */
  | { readonly do: 'clear-failed' }
  /** Take the marks off the workload and remember what is known to be good. */
  | { readonly do: 'settle' }
  /** The name of who put an end to the release comes off the workload: the Release has it. */
  | { readonly do: 'forget-author' }
  /** Mark the workload for another attempt at the same template. */
  | { readonly do: 'mark-retry' };

/** Effects of a state, in the order in which they have to be carried out. */
export const effectsOf = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (isFinal(status.phase)) return afterTheEnd(status, facts);
  if (status.ending !== undefined) return ending(status, facts);
  if (status.phase === 'Pending') return [];
  return running(status, facts);
};

const mine = (facts: Facts): boolean => facts.workload.marks?.release === facts.release.name;

const running = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const { workload } = facts;
  const effects: Effect[] = [];
  if (workload.paused && workload.timedOut) effects.push({ do: 'clear-failed' });
  // Before the first pod: it is not to be without them for a moment.
  if (!facts.protection.companions.inPlace) effects.push({ do: 'ensure-companions' });
  effects.push(...arms(status, facts));
  if (promotionDue(status, facts)) effects.push({ do: 'promote' });
  if (isLookDue(status, facts)) effects.push({ do: 'look-at-roll' });
  return effects;
};

/** The canary before what is routed to it, unless nobody but the pods that it has can answer: then they do not wait for more. */
const arms = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const replicas = sizeNow(status, facts);
  // What was given back and is gone is not made again.
  const isWanted = replicas > 0 || facts.canary !== undefined;
  const canary: readonly Effect[] = isWanted ? [{ do: 'ensure-canary', replicas }] : [];
  // What was routed to a canary that stood in comes back also while the canary is still made ready.
  const isRouted = status.phase !== 'Preparing' || status.standIn !== undefined || !facts.route.pristine;
  const routes = isRouted ? routed(splitToRoute(status, facts), facts) : [];
  return status.standIn !== undefined && facts.canary !== undefined ? [...routes, ...canary] : [...canary, ...routes];
};

const isLookDue = (status: ReleaseStatus, facts: Facts): boolean =>
  status.phase === 'Promoting' && (lookAt(status, facts) ?? Number.POSITIVE_INFINITY) <= facts.now;

/** Where the kind of route is not served there is nothing to write, and the API server would only say so. */
const routed = (split: Split, { route }: Facts): readonly Effect[] =>
  route.unserved === undefined ? [{ do: 'route', split }] : [];

/** The split the routes should show now. It lags behind the wanted one until enough canary pods are ready for it. */
const splitToRoute = (status: ReleaseStatus, facts: Facts): Split => {
  const wanted = wantedSplit(status);
  const { observed } = facts.route;
  if (status.standIn !== undefined) return wanted;
  if (canaryReady(facts) === 0) return noSplit;
  if (status.splitInPlaceAt !== undefined) return wanted;
  if (observed === 'unknown') return noSplit;
  return observed.weight <= wanted.weight ? observed : wanted;
};

/** The template goes to stable once the promotion's own split is in place. Never twice: a later pause is the user's. */
const promotionDue = (status: ReleaseStatus, facts: Facts): boolean =>
  status.phase === 'Promoting' &&
  (promotableAt(status, facts) ?? Number.POSITIVE_INFINITY) <= facts.now &&
  mine(facts) &&
  facts.workload.paused &&
  facts.workload.marks?.phase !== 'Promoting';

const ending = (status: ReleaseStatus, facts: Facts): readonly Effect[] => [
  ...comingToAnEnd(status, facts),
  // Last: a companion that is refused keeps no route from going back.
  ...(lacksProtection(status, facts) ? [{ do: 'ensure-companions' } as const] : []),
];

/** What protects stable may change for as long as the canary is there. */
const lacksProtection = (status: ReleaseStatus, facts: Facts): boolean => {
  if (facts.canary === undefined || facts.protection.companions.inPlace || hasNothing(status, facts)) return false;
  return keepsServing(status, facts) || !removalDue(status, facts);
};

const comingToAnEnd = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (keepsServing(status, facts)) return keepingShare(status, facts);
  const effects: Effect[] = hasNothing(status, facts) ? [...closing(status, facts)] : [...takingDown(status, facts)];
  // Last, where it is refused: nobody is left on a canary that is not wanted.
  if (status.ending?.outcome === 'Aborted' && mine(facts)) effects.push({ do: 'put-back' });
  return effects;
};

/** Stable grows into the room of the canary. */
const shrunk = (status: ReleaseStatus, facts: Facts): readonly Effect[] =>
  status.givenBack === undefined ? [] : [{ do: 'ensure-canary', replicas: sizeNow(status, facts) }];

const growth = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const replicas = sizeToGive(status, facts);
  return replicas === undefined ? [] : [{ do: 'grow-workload', replicas }];
};

/** What the end does to the workload takes no pod from anybody, so it does not wait for stable. */
const keepingShare = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const routes = [...routed(wantedSplit(status), facts), ...growth(status, facts)];
  if (status.standIn === undefined) return [...shrunk(status, facts), ...routes];
  const effects: Effect[] = [{ do: 'ensure-canary', replicas: sizeNow(status, facts) }, ...routes];
  if (status.ending?.outcome === 'Failed') effects.push(...closing(status, facts));
  if (status.ending?.outcome === 'Aborted' && mine(facts)) effects.push({ do: 'put-back' });
  return effects;
};

const takingDown = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (!removalDue(status, facts)) return [{ do: 'restore-routes' }, ...withPodsLeft(status, facts)];
  const gone: Effect[] = [{ do: 'restore-routes' }, { do: 'remove-canary' }];
  if (!facts.canaryGone) return gone;
  if (facts.protection.companions.removable > 0) gone.push({ do: 'remove-companions' });
  return [...gone, ...closing(status, facts)];
};

/** Pods that are kept for their last senders alone do not keep anybody from seeing that the release has failed. */
const withPodsLeft = (status: ReleaseStatus, facts: Facts): readonly Effect[] =>
  status.ending?.outcome === 'Failed' && routesKnown(status, facts) ? closing(status, facts) : [];

const closing = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (!mine(facts)) return facts.workload.endedBy === undefined ? [] : [{ do: 'forget-author' }];
  switch (status.ending?.outcome) {
    case 'Skipped':
      return [letsRoll(status, facts) ? { do: 'let-roll' } : { do: 'settle' }];
    case 'Succeeded':
    case 'Bypassed':
      return [{ do: 'settle' }];
    case 'Failed':
      return facts.plan.onFailure === 'revert'
        ? [{ do: 'put-back' }]
        : [{ do: 'mark-failed', message: status.ending.message }];
    default:
      return [];
  }
};

/** Who skips has the workload unpaused in that write. Here nobody has, yet; a pause after that is the user's. */
const letsRoll = ({ ending: end }: ReleaseStatus, { workload: { paused, marks } }: Facts): boolean =>
  rolledAlone.some((reason) => reason === end?.reason) && paused && marks?.phase !== 'Skipped';

const afterTheEnd = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (!mine(facts)) return [];
  // Marks of a promotion that is over come back with an old ReplicaSet, undone to while the webhook was away.
  if (['Skipped', 'Succeeded', 'Bypassed'].includes(status.phase)) return [{ do: 'settle' }];
  return facts.workload.paused ? whileHeld(status, facts) : [];
};

/** The template of a release that is over without success: it stays on the workload, or has come back to it. */
const whileHeld = (status: ReleaseStatus, { workload: { marks } }: Facts): readonly Effect[] => {
  const message = heldBecause(status, marks?.phase);
  if (message === undefined) return [];
  const asked = acceptedAfterwards(status);
  if (asked?.verb === 'retry') return [{ do: 'mark-retry' }];
  const goesBack = asked?.verb === 'abort' && !isNewer(marks?.requestedBy, asked.at);
  return [goesBack ? { do: 'put-back' } : { do: 'mark-failed', message }];
};

const heldBecause = ({ phase, message }: ReleaseStatus, marked: string | undefined): string | undefined => {
  if (phase === 'Failed') return message ?? 'the release failed';
  return phase === 'Aborted' && marked === 'Failed' ? `it was ${message ?? 'aborted'}` : undefined;
};

/** Whether the template has come back since: who aborted it did not mean that write. */
const isNewer = (requestedBy: string | undefined, at: string): boolean =>
  (fromRfc3339(readRequester(requestedBy)?.at) ?? 0) > (fromRfc3339(at) ?? 0);

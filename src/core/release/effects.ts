/**
 * What should be true in the cluster in a given state. Level-triggered: an effect that is already in place needs no
 * write. So repeating effects after a crash is harmless, and nothing has to be remembered.
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
  /** The canary has exactly the companions that it needs: copies of objects that select stable's pods but not its own. */
  | { readonly do: 'ensure-companions' }
  | { readonly do: 'remove-companions' }
  /** The canary Deployment has the release's template and at least this many replicas, and its Service exists. */
  | { readonly do: 'ensure-canary'; readonly replicas: number }
  | { readonly do: 'route'; readonly split: Split }
  /** The user's routes are as they were before, and generated routes are gone. */
  | { readonly do: 'restore-routes' }
  | { readonly do: 'remove-canary' }
  /** The workload has at least this many replicas. */
  | { readonly do: 'grow-workload'; readonly replicas: number }
  /** Find out why the workload's new pods do not become ready. */
  | { readonly do: 'look-at-roll' }
  /** Unpause exactly the template that was judged. */
  | { readonly do: 'promote' }
  /** Unpause the template without judging it. */
  | { readonly do: 'let-roll' }
  /** Put the stable template back, unpaused. */
  | { readonly do: 'put-back' }
  /** Show the failure on the workload: in the marks, and as Progressing = False for `kubectl rollout status`. */
  | { readonly do: 'mark-failed'; readonly message: string }
  /** Clear an earlier failure from the Progressing condition. */
  | { readonly do: 'clear-failed' }
  /** Remove the marks from the workload and record which templates are known to be good. */
  | { readonly do: 'settle' }
  /** Remove from the workload who ended the release: the Release has recorded it. */
  | { readonly do: 'forget-author' }
  /** Mark the workload for another attempt at the same template. */
  | { readonly do: 'mark-retry' };

/** The effects for a state, in the order in which they have to be carried out. */
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
  // Before the first canary pod, so that it is never without its companions.
  if (!facts.protection.companions.inPlace) effects.push({ do: 'ensure-companions' });
  effects.push(...arms(status, facts));
  if (promotionDue(status, facts)) effects.push({ do: 'promote' });
  if (isLookDue(status, facts)) effects.push({ do: 'look-at-roll' });
  return effects;
};

/** The canary comes before its routes. While it stands in for stable, the routes come first: its ready pods must serve. */
const arms = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const replicas = sizeNow(status, facts);
  // A canary that has handed back its traffic and is gone is not created again.
  const isWanted = replicas > 0 || facts.canary !== undefined;
  const canary: readonly Effect[] = isWanted ? [{ do: 'ensure-canary', replicas }] : [];
  // After a stand-in, routes are corrected even in Preparing: they may still lead to the canary.
  const isRouted = status.phase !== 'Preparing' || status.standIn !== undefined || !facts.route.pristine;
  const routes = isRouted ? routed(splitToRoute(status, facts), facts) : [];
  return status.standIn !== undefined && facts.canary !== undefined ? [...routes, ...canary] : [...canary, ...routes];
};

const isLookDue = (status: ReleaseStatus, facts: Facts): boolean =>
  status.phase === 'Promoting' && (lookAt(status, facts) ?? Number.POSITIVE_INFINITY) <= facts.now;

/** Empty if the API server does not serve the kind of route: a write could only fail. */
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

/** The template goes to stable once the promotion's split is in place. Only once: a later pause is the user's. */
const promotionDue = (status: ReleaseStatus, facts: Facts): boolean =>
  status.phase === 'Promoting' &&
  (promotableAt(status, facts) ?? Number.POSITIVE_INFINITY) <= facts.now &&
  mine(facts) &&
  facts.workload.paused &&
  facts.workload.marks?.phase !== 'Promoting';

const ending = (status: ReleaseStatus, facts: Facts): readonly Effect[] => [
  ...comingToAnEnd(status, facts),
  // Last, so that a refused companion does not keep the routes from being restored.
  ...(lacksProtection(status, facts) ? [{ do: 'ensure-companions' } as const] : []),
];

/** Whether companions are missing while the canary still serves: the objects that protect stable may have changed. */
const lacksProtection = (status: ReleaseStatus, facts: Facts): boolean => {
  if (facts.canary === undefined || facts.protection.companions.inPlace || hasNothing(status, facts)) return false;
  return keepsServing(status, facts) || !removalDue(status, facts);
};

const comingToAnEnd = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (keepsServing(status, facts)) return keepingShare(status, facts);
  const effects: Effect[] = hasNothing(status, facts) ? [...closing(status, facts)] : [...takingDown(status, facts)];
  // Last, so that a refused write leaves no caller on an unwanted canary.
  if (status.ending?.outcome === 'Aborted' && mine(facts)) effects.push({ do: 'put-back' });
  return effects;
};

/** Shrinks the canary while it hands back its traffic, so that stable has room to grow. */
const shrunk = (status: ReleaseStatus, facts: Facts): readonly Effect[] =>
  status.givenBack === undefined ? [] : [{ do: 'ensure-canary', replicas: sizeNow(status, facts) }];

const growth = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  const replicas = sizeToGive(status, facts);
  return replicas === undefined ? [] : [{ do: 'grow-workload', replicas }];
};

/** The effects while the canary keeps its share. Writes to the workload do not wait for stable: they remove no pod. */
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

/** A failure is shown at once, even while canary pods stay for callers that still send to them. */
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

/** Whether Sluice unpauses the workload. A user's skip does that itself; a pause after that is the user's. */
const letsRoll = ({ ending: end }: ReleaseStatus, { workload: { paused, marks } }: Facts): boolean =>
  rolledAlone.some((reason) => reason === end?.reason) && paused && marks?.phase !== 'Skipped';

const afterTheEnd = (status: ReleaseStatus, facts: Facts): readonly Effect[] => {
  if (!mine(facts)) return [];
  // `kubectl rollout undo` brings back marks of a finished promotion if the webhook was away.
  if (['Skipped', 'Succeeded', 'Bypassed'].includes(status.phase)) return [{ do: 'settle' }];
  return facts.workload.paused ? whileHeld(status, facts) : [];
};

/** The effects for a failed or aborted template that stayed on the workload or has come back to it. */
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

/** Whether the template was applied again after the abort, which does not apply to that later write. */
const isNewer = (requestedBy: string | undefined, at: string): boolean =>
  (fromRfc3339(readRequester(requestedBy)?.at) ?? 0) > (fromRfc3339(at) ?? 0);

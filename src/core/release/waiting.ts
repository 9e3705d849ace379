/** Why a release does not go on, as a reason from a closed list and a sentence made from it. The sentence is never read. */
import type { ReleaseStatus, Waiting, WaitingReason } from '../../schema/release.ts';
import { waitingForApex } from './apex-hold.ts';
import { flapsText, waitsToCalmDown } from './canary-flaps.ts';
import { canaryAnswering, canaryReady } from './canary-size.ts';
import { podsWaiting, readyText } from './canary-pods.ts';
import type { Facts } from './facts.ts';
import { waitingForGrowth } from './growth.ts';
import { waitingForSenders } from './last-sender.ts';
import { waitingToBeOn } from './off.ts';
import { problemsText } from './problem-text.ts';
import { isStuck, lackOfRoom } from './room.ts';
import { outageOf } from './stable-outage.ts';
import { isFinal, wantedSplit, withStatus } from './state.ts';

/** The status with, or without, a reason to wait. */
export const waitFor = (status: ReleaseStatus, waiting: Waiting | undefined): ReleaseStatus =>
  withStatus(status, { waiting });

/** Reasons that a stage has given itself, and that hold until it goes on. All others are worked out anew in every step. */
const lasting: ReadonlySet<WaitingReason> = new Set<WaitingReason>([
  'SplitLost',
  'ChecksFailed',
  'ChecksInconclusive',
  'SplitNotSeen',
  'ApprovalRequired',
]);

/** What the facts of the moment say, before what the stage itself waits for. */
export const waitingNow = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (isFinal(status.phase)) return undefined;
  return (
    takenOver(facts) ??
    pending(status, facts) ??
    waitingToBeOn(status, facts) ??
    waitingForApex(status, facts) ??
    stableAway(status, facts) ??
    waitingForGrowth(status, facts) ??
    waitingForSenders(status, facts) ??
    running(status, facts) ??
    remembered(status)
  );
};

const remembered = ({ waiting }: ReleaseStatus): Waiting | undefined =>
  waiting !== undefined && lasting.has(waiting.reason) ? waiting : undefined;

const takenOver = (facts: Facts): Waiting | undefined =>
  facts.takenOver === undefined ? undefined : { reason: 'TakenOver', message: facts.takenOver.note };

const earlier = (inTheWay: string): Waiting => ({
  reason: 'EarlierCanary',
  message: `waiting until ${inTheWay} is gone; Sluice removes it, routes first`,
});

const pending = ({ phase }: ReleaseStatus, facts: Facts): Waiting | undefined => {
  const { ahead, policyProblem, preflight, inTheWay } = facts;
  if (phase !== 'Pending') return undefined;
  if (ahead !== undefined) return { reason: 'ReleaseAhead', message: `waiting for release ${ahead} to be over` };
  if (inTheWay !== undefined) return earlier(inTheWay);
  if (policyProblem !== undefined)
    return { reason: policyProblem.reason, message: `cannot start: ${policyProblem.message} ${byItself}` };
  return preflight.length === 0
    ? undefined
    : { reason: 'CannotStart', message: `cannot start: ${problemsText(preflight)} ${byItself}` };
};

/** What follows when a person has done what is asked for. */
const byItself = 'Once that is done, the release starts by itself.';

const stableAway = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (status.phase === 'Pending' || status.provider === undefined) return undefined;
  const outage = outageOf(facts);
  if (outage === undefined) return undefined;
  return { reason: 'StableUnavailable', message: `${outage.because}; ${insteadOfStable(status, facts)}` };
};

const nobody = ({ canary }: Facts): string =>
  canary?.ledPast === true
    ? 'the canary is cut off as well, so nobody answers before the next release does'
    : 'the canary has no ready pod either, so nobody answers';

/** What callers get meanwhile, and what comes of the release. */
const insteadOfStable = ({ standIn, ending }: ReleaseStatus, facts: Facts): string => {
  if (standIn === undefined || canaryAnswering(facts) === 0) return nobody(facts);
  if (ending !== undefined) return 'the canary keeps all of the traffic until stable answers again';
  return standIn.cutOff
    ? 'the canary takes all of the traffic, and the release goes on to its promotion, which mends it'
    : 'the canary takes all of the traffic, and the release waits until stable is back';
};

const running = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  // On the way out nothing has to be routed and no pod is needed.
  if (status.ending !== undefined || status.phase === 'Pending') return undefined;
  if (facts.canary === undefined && facts.inTheWay !== undefined) return earlier(facts.inTheWay);
  return (
    unreadable(facts) ??
    unserved(facts) ??
    refusedRoute(status, facts) ??
    promotion(status, facts) ??
    pods(status, facts) ??
    flapping(status, facts)
  );
};

const unreadable = ({ planUnreadable }: Facts): Waiting | undefined =>
  planUnreadable === undefined ? undefined : { reason: 'PlanUnreadable', message: planUnreadable };

const unserved = ({ route }: Facts): Waiting | undefined =>
  route.unserved === undefined
    ? undefined
    : {
        reason: 'RouteKindMissing',
        message: `no request can be routed to the canary: ${route.unserved}; stable serves everything, and the release goes on once it is installed again`,
      };

const refusedRoute = ({ phase }: ReleaseStatus, { route }: Facts): Waiting | undefined =>
  route.accepted !== 'refused' || phase === 'Preparing'
    ? undefined
    : { reason: 'RouteRefused', message: `the mesh refused the route: ${route.acceptance ?? 'it does not say why'}` };

const promotion = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  const { workload } = facts;
  if (status.phase !== 'Promoting') return undefined;
  // Sluice has unpaused it: a pause after that is the user's.
  if (workload.paused && workload.marks?.phase === 'Promoting')
    return {
      reason: 'PausedByUser',
      message: 'promotion is paused by a person; it goes on with kubectl rollout resume',
    };
  const words = lackOfRoom(facts);
  const serves = wantedSplit(status).weight === 0 ? 'stable serves everything' : 'the canary keeps serving its share';
  if (isStuck(status, facts)) {
    const why = words === undefined ? '' : `: ${words}`;
    return {
      reason: 'PromotionStuck',
      message: `promotion is stuck: the workload makes no progress${why}; ${serves}, and it is tried further`,
    };
  }
  if (words === undefined) return undefined;
  const made = status.givenBack === undefined ? '' : ', and the canary has made room';
  return {
    reason: 'PromotionLacksRoom',
    message: `promoting, and there is no room for a new pod of the workload${made}: ${words}`,
  };
};

const pods = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (status.canaryShortSince === undefined) return undefined;
  const refused = facts.canary?.refused;
  if (refused === undefined) return podsWaiting(status, facts);
  const some = `${readyText(status, facts)}; no further pod can be made, and it is tried again`;
  const none = facts.pods.length === 0 && canaryReady(facts) === 0;
  return { reason: 'PodsRefused', message: `${none ? 'no pod for the canary, and tried again' : some}: ${refused}` };
};

const flapping = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (!waitsToCalmDown(status, facts)) return undefined;
  const isOnce = status.canaryFlaps?.times === 1;
  return { reason: isOnce ? 'CanaryNotReady' : 'CanaryFlapping', message: flapsText(status, facts) };
};

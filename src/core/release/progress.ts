/** The way forward: Preparing, Progressing, Waiting, Promoting. */
import type { CheckResult, ReleaseStatus } from '../../schema/release.ts';
import { fromRfc3339, toRfc3339, type Instant } from '../../values/time.ts';
import type { Facts, Round } from './facts.ts';
import { canarySize } from './size.ts';
import { endWith, repairPause, withStatus } from './state.ts';

/** What comes next: another status, a need for more facts, or nothing until something changes or `wakeAt`. */
export type Next =
  | { readonly status: ReleaseStatus }
  | { readonly ask: { readonly for: 'round'; readonly from: Instant; readonly to: Instant } | { readonly for: 'pods' } }
  | { readonly wakeAt?: Instant };

const maxEvidence = 50;

/** Canary pods wanted now. The first step's weight already counts while preparing. */
export const sizeNow = (status: ReleaseStatus, facts: Facts): number =>
  canarySize(facts.workload.replicas, status.weight || (facts.policy.weights[0] ?? 0), facts.route.splits);

const enoughReady = (status: ReleaseStatus, facts: Facts): boolean => canaryReady(facts) >= sizeNow(status, facts);

const canaryReady = (facts: Facts): number =>
  facts.canary?.templateHash === facts.release.spec.templateHash ? facts.canary.ready : 0;

const splitInPlace = (status: ReleaseStatus, facts: Facts): boolean =>
  facts.route.splits === 'replicas' || (saysWeight(facts, status.weight) && facts.route.accepted !== 'refused');

const saysWeight = ({ route: { observed } }: Facts, weight = 0): boolean =>
  observed !== 'unknown' && observed.weight === weight;

/** Pending: gates. Nothing has been made yet. */
export const pending = (status: ReleaseStatus, facts: Facts): Next => {
  if (facts.ahead !== undefined) return say(status, `waiting for release ${facts.ahead} to be over`);
  if (facts.preflight.length > 0) return blocked(status, facts);
  return {
    status: withStatus(status, {
      phase: 'Preparing',
      message: 'starting the canary',
      step: 0,
      steps: facts.policy.weights.length,
      stepLabel: label(0, facts),
      weight: 0,
      failures: 0,
      provider: facts.provider,
      service: facts.service,
      enteredAt: toRfc3339(facts.now),
    }),
  };
};

/** How the message of a release begins that is kept from starting. */
export const cannotStart = 'cannot start: ';

const blocked = (status: ReleaseStatus, facts: Facts): Next => {
  const why = facts.preflight
    .map((p) => `${p.field}${p.value === undefined ? '' : ` "${p.value}"`}: ${p.rule}. ${p.todo}`)
    .join(' ');
  const deadline = (fromRfc3339(status.enteredAt) ?? facts.now) + facts.policy.progressDeadline;
  if (facts.now < deadline) return say(status, cannotStart + why, deadline);
  return { status: endWith(status, facts, { outcome: 'Failed', reason: 'CannotStart', message: why }) };
};

/**
 * Preparing: canary pods have to be ready and published before any route leads to them, and the proxies have to know
 * them: a route to a cluster that a proxy has not heard of answers 503.
 */
export const preparing = (status: ReleaseStatus, facts: Facts): Next => {
  if (!enoughReady(status, facts)) return notReadyYet(status, facts);
  if (facts.route.splits === 'replicas') return { status: enterStep(status, facts, 1) };
  const readyAt = fromRfc3339(status.stepAt);
  if (readyAt === undefined)
    return { status: withStatus(status, { stepAt: toRfc3339(facts.now), unreadySince: undefined }) };
  const known = readyAt + facts.policy.propagationDelay;
  return facts.now < known ? { wakeAt: known } : { status: enterStep(status, facts, 1) };
};

const notReadyYet = (status: ReleaseStatus, facts: Facts): Next =>
  status.stepAt === undefined
    ? (shortOfPods(status, facts) ?? {})
    : { status: withStatus(status, { stepAt: undefined }) };

const label = (step: number, facts: Facts): string => `${step}/${facts.policy.weights.length}`;

/** A step begins with its weight; its interval counts from the moment the split is in place (stepAt). */
const enterStep = (status: ReleaseStatus, facts: Facts, step: number): ReleaseStatus => {
  const weight = facts.policy.weights[step - 1] ?? 0;
  const entered = withStatus(status, {
    phase: 'Progressing',
    step,
    stepLabel: label(step, facts),
    weight,
    message: `${weight} % of the traffic for the canary`,
    enteredAt: toRfc3339(facts.now),
    stepAt: undefined,
    judgedAt: undefined,
    unreadySince: undefined,
  });
  // Set at once where no pod has to be waited for: the route is written right after this status.
  return enoughReady(entered, facts) ? withStatus(entered, { stepAt: toRfc3339(facts.now) }) : entered;
};

/** The canary has fewer ready pods than it needs: remember since when, give up at the deadline. */
const shortOfPods = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  if (enoughReady(status, facts)) {
    return status.unreadySince === undefined ? undefined : { status: readyAgain(status) };
  }
  const since = fromRfc3339(status.unreadySince);
  if (since === undefined) return { status: withStatus(status, { unreadySince: toRfc3339(facts.now) }) };
  const deadline = since + facts.policy.progressDeadline;
  if (facts.now < deadline) return waitForPods(status, facts, deadline);
  return facts.pods === undefined ? { ask: { for: 'pods' } } : { status: failNotReady(status, facts) };
};

const podsRefused = 'no pod for the canary, and tried again: ';

/** Pods that are not even created have no status of their own to be found in. */
const waitForPods = (status: ReleaseStatus, facts: Facts, deadline: Instant): Next => {
  const words = facts.canary?.refused;
  return words === undefined ? { wakeAt: deadline } : say(status, `${podsRefused}${words}`, deadline);
};

const readyAgain = (status: ReleaseStatus): ReleaseStatus => {
  const told = status.message?.startsWith(podsRefused) === true;
  return withStatus(status, { unreadySince: undefined, ...(told ? { message: 'the canary has its pods' } : {}) });
};

const failNotReady = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const pods = facts.pods ?? [];
  const reasons = pods
    .map((p) => `${p.name}: ${p.reason}${p.message === undefined ? '' : ` (${p.message})`}`)
    .join('; ');
  const seconds = facts.policy.progressDeadline / 1000;
  const ready = `${canaryReady(facts)} of ${sizeNow(status, facts)} pods ready`;
  const refused = facts.refused === undefined ? '' : `refused by the API server: ${facts.refused}`;
  const why = [ready, reasons, refused].filter((text) => text !== '').join('; ');
  const message = `the canary was not ready within ${seconds} s: ${why}`;
  return withStatus(endWith(status, facts, { outcome: 'Failed', reason: 'CanaryNotReady', message }), {
    pods: [...pods],
  });
};

/**
 * Keeps the split and the clock honest: a step's interval starts over when the split was lost (a route reset by
 * somebody, all canary pods gone), because what was measured meanwhile says nothing about the canary.
 */
const keepSplit = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  const stepAt = fromRfc3339(status.stepAt);
  const lost = canaryReady(facts) === 0;
  if (stepAt !== undefined && lost) return { status: withStatus(status, { stepAt: undefined }) };
  const short = shortOfPods(status, facts);
  if (short !== undefined && (stepAt === undefined || !('wakeAt' in short))) return short;
  if (stepAt === undefined) return { status: withStatus(status, { stepAt: toRfc3339(facts.now) }) };
  return stepAt < facts.now && !splitInPlace(status, facts) ? repair(status, stepAt, facts) : undefined;
};

const repair = (status: ReleaseStatus, stepAt: Instant, facts: Facts): Next => {
  // Whoever has taken the route over decides what it says; the change that gives it back brings us here again. So does
  // the kind of route that is installed again.
  if (facts.takenOver?.route === true || facts.route.unserved !== undefined) return {};
  if (facts.now < stepAt + repairPause) return { wakeAt: stepAt + repairPause };
  const refused = facts.route.accepted === 'refused' ? (facts.route.acceptance ?? '') : undefined;
  return {
    status: withStatus(status, {
      stepAt: toRfc3339(facts.now),
      judgedAt: undefined,
      message:
        refused === undefined
          ? `the split was lost and is put back: ${status.weight ?? 0} % for the canary`
          : `the mesh refused the route: ${refused}`,
    }),
  };
};

/** Progressing: hold the split for an interval, then judge. */
export const progressing = (status: ReleaseStatus, facts: Facts): Next => {
  const kept = keepSplit(status, facts);
  if (kept !== undefined) return kept;
  // What somebody has changed by hand tells nothing about the template.
  if (facts.takenOver !== undefined) return {};
  const from = Math.max(fromRfc3339(status.stepAt) ?? facts.now, fromRfc3339(status.judgedAt) ?? 0);
  const due = from + facts.policy.interval;
  if (facts.now < due) return { wakeAt: due };
  if (facts.policy.checks.length === 0) return { status: advance(status, facts) };
  if (facts.round === undefined) return { ask: { for: 'round', from, to: facts.now } };
  return { status: judged(status, facts, facts.round) };
};

const judged = (status: ReleaseStatus, facts: Facts, round: Round): ReleaseStatus => {
  const checks = [...round.results];
  const seen = withStatus(status, { checks, judgedAt: toRfc3339(facts.now) });
  if (round.outcome === 'pass') return advance(seen, facts);
  if (round.outcome === 'hold')
    return withStatus(seen, { message: `holding at ${status.weight ?? 0} %: ${round.because}` });
  return failedRound(seen, facts, round);
};

const failedRound = (status: ReleaseStatus, facts: Facts, round: Round): ReleaseStatus => {
  const failed = round.results.filter((r: CheckResult) => r.call === 'fail');
  const counted = withStatus(status, {
    failures: round.failures,
    evidence: [...(status.evidence ?? []), ...failed].slice(-maxEvidence),
    message: `failed check ${round.failures} of ${facts.policy.threshold}: ${round.because}`,
  });
  if (!round.exhausted) return counted;
  const message = `at ${status.weight ?? 0} %: ${round.because}`;
  return endWith(counted, facts, { outcome: 'Failed', reason: 'ChecksFailed', message });
};

const advance = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const step = status.step ?? 0;
  if (step < facts.policy.weights.length) return enterStep(status, facts, step + 1);
  return facts.policy.approval === 'required' && status.approved === undefined
    ? waitForApproval(status, facts)
    : startPromotion(status, facts);
};

const waitForApproval = (status: ReleaseStatus, facts: Facts): ReleaseStatus =>
  withStatus(status, {
    phase: 'Waiting',
    enteredAt: toRfc3339(facts.now),
    message: `all steps passed; waiting for approval: kubectl sluice promote ${facts.release.spec.workload.name}`,
  });

/** Waiting: the split stays until a person answers. */
export const waiting = (status: ReleaseStatus, facts: Facts): Next => keepSplit(status, facts) ?? {};

/** With strategy Recreate no stable pod serves while it rolls, so the canary takes everything first. */
export const startPromotion = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const weight = facts.workload.recreate ? 100 : status.weight || (facts.policy.weights[0] ?? 0);
  const entered = withStatus(status, {
    phase: 'Promoting',
    weight,
    enteredAt: toRfc3339(facts.now),
    message: rolls,
  });
  return weight === status.weight ? entered : withStatus(entered, { stepAt: undefined });
};

/** Promoting: the workload has been (or is about to be) unpaused; done when its own roll is. */
export const promoting = (status: ReleaseStatus, facts: Facts): Next => {
  const { workload } = facts;
  const promoted = !workload.paused && workload.templateHash === facts.release.spec.templateHash;
  if (promoted && workload.complete) {
    const message = `promoted: every pod of ${facts.release.spec.workload.name} runs the new template`;
    return { status: endWith(status, facts, { outcome: 'Succeeded', reason: 'Promoted', message }) };
  }
  const kept = keepSplit(status, facts);
  if (kept !== undefined) return kept;
  if (promoted && workload.timedOut) return say(status, stuck);
  // Sluice has unpaused it: a pause after that is the user's.
  if (workload.paused && workload.marks?.phase === 'Promoting') return say(status, waitsForResume);
  return status.message === stuck || status.message === waitsForResume
    ? say(status, rolls)
    : recreateDelay(status, facts);
};

const rolls = 'promoting: the workload rolls to the new template';
const stuck = 'promotion is stuck: the workload makes no progress; the canary keeps serving its share';
const waitsForResume = 'promotion is paused by a person; it goes on with kubectl rollout resume';

const recreateDelay = (status: ReleaseStatus, facts: Facts): Next => {
  const at = (fromRfc3339(status.stepAt) ?? facts.now) + facts.policy.propagationDelay;
  return facts.workload.recreate && facts.now < at ? { wakeAt: at } : {};
};

const say = (status: ReleaseStatus, message: string, wakeAt?: Instant): Next => {
  if (status.message !== message) return { status: withStatus(status, { message }) };
  return wakeAt === undefined ? {} : { wakeAt };
};

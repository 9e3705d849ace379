/**
 * The last request decides when a canary may be removed. After the routes lead only to stable and the propagation delay
 * is over, Sluice asks the canary's own counters whether somebody still sends. Otherwise a mesh whose control plane is
 * away would send requests to pods that are gone. The status stores nothing of this: the windows follow from the time
 * when the routes were given back, so a controller that takes over asks the same questions.
 */
import { questionId } from '../judge/ask-round.ts';
import { lastRequests, type LastRequests } from '../judge/last-requests.ts';
import { alignUp } from '../questions/grid.ts';
import type { Answer, Arms, Question } from '../questions/question.ts';
import { builtInChecks } from '../../schema/policy-rules.ts';
import type { ReleaseStatus, Waiting } from '../../schema/release.ts';
import { fromRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import { sourceOf } from '../plan/plan.ts';
import { canaryReady } from './canary-size.ts';
import type { Facts } from './facts.ts';

/** The longest time that pods with requests are kept. */
export const stillSendingBound: Milliseconds = 120_000;
/** How long counters that nobody can read are waited for; with a mesh twice the time between two scrapes, where that is more. */
export const unseenBound: Milliseconds = 15_000;

const between: Milliseconds = 5_000;
/** A scrape is in its source a little later. */
const scrapeSlack: Milliseconds = 5_000;

/** Has the name of the built-in check, so that what Sluice has learnt about its series applies here, too. */
const check = { kind: 'success-rate', name: builtInChecks.successRate, min: 0, noData: 'pass' } as const;

/** When the routes were last given back, or should have been. */
export const lastTouched = (status: ReleaseStatus): Instant =>
  Math.max(
    fromRfc3339(status.ending?.withdrawnAt ?? status.ending?.decidedAt) ?? 0,
    fromRfc3339(status.routesRestoredAt) ?? 0,
  );

/** Whether a route has led to the canary. If not, or if pods are the split, there are no senders to wait for. */
export const wasRoutedTo = (status: ReleaseStatus, { route }: Facts): boolean =>
  (status.step ?? 0) > 0 && route.splits === 'route';

/** Whether the canary is kept for its last senders, what is asked meanwhile, and when to look again. */
export type LastSender = {
  readonly keeps: boolean;
  readonly questions: readonly Question[];
  readonly wakeAt?: Instant;
  /** What its counters said last. */
  readonly seen?: LastRequests;
};

const nobody: LastSender = { keeps: false, questions: [] };

/** Pods that are being removed already are not asked about again. */
const canServe = (facts: Facts): boolean => facts.canaryGoingSince === undefined && canaryReady(facts) > 0;

type Moments = { readonly restoredAt: Instant; readonly knownAt: Instant };

const momentsOf = (status: ReleaseStatus, { plan }: Facts): Moments => {
  const restoredAt = lastTouched(status);
  // On the grid, so that releases that end together ask together.
  return { restoredAt, knownAt: alignUp(restoredAt + plan.propagationDelay) };
};

/**
 * The ends of the windows that can have been asked about by now: none after the pods may go anyway, however long Sluice was
 * away. The first one finds out whether there is anything to see.
 */
const endsUntil = ({ knownAt }: Moments, now: Instant): readonly Instant[] => {
  const first = alignUp(knownAt + between);
  const later = Math.max(0, Math.floor((now - first) / between) + 1);
  return [knownAt, ...Array.from({ length: later }, (_, i) => first + i * between)];
};

const questionOf = (facts: Facts, arms: Arms, window: Question['window']): Question => {
  const { plan, release, telemetry } = facts;
  const source = sourceOf(plan);
  const subject = { release: release.name, analysis: 'ending', checks: [check], source, telemetry, arms, window };
  return { id: questionId(subject, check), kind: 'measure', source, check, telemetry, arms, window };
};

type Asked = { readonly question: Question; readonly answer: Answer | 'pending' | undefined };

const bound = (seen: LastRequests | undefined, { knownAt }: Moments, { telemetry }: Facts): Instant => {
  if (seen?.seen !== 'unseen') return knownAt + stillSendingBound;
  const scrapes = telemetry === 'application' ? 0 : 2 * seen.gap + scrapeSlack;
  return knownAt + Math.min(stillSendingBound, Math.max(unseenBound, scrapes));
};

const read = ({ question, answer }: Asked, { restoredAt, knownAt }: Moments, facts: Facts): LastRequests => {
  if (answer === undefined || answer === 'pending' || answer.kind === 'unanswered') return { seen: 'nothing' };
  const { telemetry, probes } = facts;
  const { to } = question.window;
  return lastRequests(answer, { restoredAt, knownAt, to, telemetry, ...(probes === undefined ? {} : { probes }) });
};

const isSilent = (seen: LastRequests | undefined): boolean => seen?.seen === 'silent' || seen?.seen === 'nothing';

type Known = {
  /** The most informative answer: a measurement counts even if the source fails later. */
  readonly answered?: Asked;
  /** The question that is under way, or the next one. */
  readonly open?: Asked;
  /** The questions that the step returns. */
  readonly questions: readonly Question[];
};

const knownOf = (all: readonly Asked[]): Known => {
  const isAnswered = ({ answer }: Asked): boolean => answer !== undefined && answer !== 'pending';
  const newest = all.findLast(isAnswered);
  const measured = all.findLast(({ answer }) => typeof answer === 'object' && answer.kind === 'measured');
  const answered = measured ?? newest;
  const next = all.at(-1);
  const open = all.find(({ answer }) => answer === 'pending') ?? (next === newest ? undefined : next);
  const wanted = new Set([answered, newest, open].filter((one) => one !== undefined));
  return {
    ...(answered && { answered }),
    ...(open && { open }),
    questions: [...wanted].map(({ question }) => question),
  };
};

/** Whether somebody still sends to the canary of a release whose routes have been given back. */
export const lastSender = (status: ReleaseStatus, facts: Facts): LastSender => {
  const { arms, now, answers } = facts;
  if (!wasRoutedTo(status, facts) || arms === undefined || !canServe(facts)) return nobody;
  const moments = momentsOf(status, facts);
  const ends = endsUntil(moments, Math.min(now, moments.knownAt + stillSendingBound));
  const all = ends.map((to) => {
    const question = questionOf(facts, arms, { from: moments.restoredAt, to });
    return { question, answer: answers.get(question.id) };
  });
  const { answered, open, questions } = knownOf(all);
  const seen = answered && read(answered, moments, facts);
  const known = { questions, ...(seen && { seen }) };
  const until = bound(seen, moments, facts);
  if (isSilent(seen) || now >= until) return { keeps: false, ...known };
  const nextEnd = alignUp(moments.knownAt + between) + (ends.length - 1) * between;
  return { keeps: true, wakeAt: open === undefined ? Math.min(until, nextEnd) : until, ...known };
};

/** Said when it is first seen; a new rate is no news. */
export const waitingForSenders = (status: ReleaseStatus, facts: Facts): Waiting | undefined => {
  if (status.ending === undefined || !facts.route.pristine) return undefined;
  const sender = lastSender(status, facts);
  if (!sender.keeps) return undefined;
  if (status.waiting?.reason === 'StillSending') return status.waiting;
  if (sender.seen?.seen !== 'sent') return undefined;
  const rate = Math.max(0.1, Math.round(10 * sender.seen.rate) / 10);
  const message = `${status.ending.message}; the routes lead to stable alone, and the canary still gets ${rate} requests a second: its pods stay until that ends, ${stillSendingBound / 60_000} min at most`;
  return { reason: 'StillSending', message };
};

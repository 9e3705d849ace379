/** Hold the split and judge at the end of every interval, until a round passes or too many have failed. */
import { questionsFor, type RoundSubject } from '../../judge/ask-round.ts';
import { judgeRound, type Round, type RoundEvidence } from '../../judge/judge-round.ts';
import { alignUp } from '../../questions/grid.ts';
import type { Arms, Window } from '../../questions/question.ts';
import { sourceOf, type Analysis } from '../../plan/plan.ts';
import { noDataAnnotation } from '../../../schema/annotations.ts';
import { mostFailedChecks, type AnalysisStatus, type ReleaseStatus } from '../../../schema/release.ts';
import type { JsonObject } from '../../../values/kube-object.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../../values/time.ts';
import type { Facts } from '../facts.ts';
import { giveUpAt, holdSplit, waitsForPods } from '../hold-split.ts';
import { splitHold, splitVerdict, type SplitVerdict } from '../served-split.ts';
import { placeText, shareNow } from '../share.ts';
import { endWith, wantedSplit, withStatus } from '../state.ts';
import { heldSince, isGranted, waitsForPerson } from './held.ts';
import type { Handler, Next, StageOf } from './handler.ts';

/** A window that nobody asked about in time is not asked about for longer than this: what it would say is old. */
const stale: Milliseconds = 60_000;

const pastOf = (status: ReleaseStatus, id: string): AnalysisStatus =>
  status.analyses?.find((one) => one.id === id) ?? { id, failures: 0 };

/** The window to judge next; its end does not move while its questions are being answered. */
const windowOf = (status: ReleaseStatus, past: AnalysisStatus, now: number, interval: Milliseconds): Window => {
  const from = Math.max(fromRfc3339(status.splitInPlaceAt) ?? now, fromRfc3339(past.judgedAt) ?? 0);
  const due = alignUp(from + interval);
  return now < due + stale ? { from, to: due } : { from, to: due + Math.floor((now - due) / stale) * stale };
};

export const analyse: Handler<'analyse'> = {
  enter: (stage, status, facts) => waitsForPerson(stage, countedAnew(stage, status), facts),
  next: (stage, status, facts) => {
    if (isGranted(stage, status)) return { over: status };
    const kept = holdSplit(status, facts);
    if (kept !== undefined) return kept;
    // What somebody has changed by hand tells nothing about the template.
    if (facts.takenOver !== undefined) return {};
    const next = judgeDue(stage, status, facts);
    return 'wakeAt' in next ? { ...next, wakeAt: Math.min(next.wakeAt ?? Infinity, giveUpAt(status, facts)) } : next;
  },
};

/** Rounds that passed in a stage before count for nothing in this one. */
const countedAnew = ({ analysis }: StageOf<'analyse'>, status: ReleaseStatus): ReleaseStatus =>
  withStatus(status, {
    analyses: status.analyses?.map((one) => (one.id === analysis ? withoutPassed(one) : one)),
  });

const withoutPassed = ({ passed: _passed, ...rest }: AnalysisStatus): AnalysisStatus => rest;

const judgeDue = (stage: StageOf<'analyse'>, status: ReleaseStatus, facts: Facts): Next => {
  const { analysis: id, interval } = stage;
  const { plan, arms } = facts;
  const analysis = plan.analyses[id];
  if (analysis === undefined || arms === undefined) return {};
  const past = pastOf(status, id);
  const window = windowOf(status, past, facts.now, interval);
  return judge({ stage, analysis, past, subject: subjectOf(facts, { id, analysis, arms, window }), status, facts });
};

type About = { readonly id: string; readonly analysis: Analysis; readonly arms: Arms; readonly window: Window };

const subjectOf = (
  { release, plan, telemetry, probes }: Facts,
  { id, analysis, arms, window }: About,
): RoundSubject => ({
  release: release.name,
  analysis: id,
  checks: analysis.checks,
  source: sourceOf(plan),
  telemetry,
  arms,
  window,
  ...(probes === undefined ? {} : { probes }),
});

type Judging = {
  readonly stage: StageOf<'analyse'>;
  readonly analysis: Analysis;
  readonly past: AnalysisStatus;
  readonly subject: RoundSubject;
  readonly status: ReleaseStatus;
  readonly facts: Facts;
};

/** What is wanted is asked before its window is over: who asks for the same instant shares the query. */
const judge = (judging: Judging): Next => {
  const { analysis, past, subject, status, facts } = judging;
  const { answers, started } = facts;
  const round = judgeRound(subject, {
    answers,
    started,
    threshold: analysis.threshold,
    failures: past.failures,
    evidence: evidenceOf(past),
    weight: wantedSplit(status).weight,
    settledAt: settledAt(status, facts),
  });
  if (round !== 'pending') return concluded(judging, round);
  return { questions: questionsFor(subject), wakeAt: subject.window.to + stale };
};

const settledAt = ({ splitInPlaceAt }: ReleaseStatus, { plan, now }: Facts): Instant =>
  (fromRfc3339(splitInPlaceAt) ?? now) + plan.propagationDelay;

const evidenceOf = ({ evidence = [] }: AnalysisStatus): RoundEvidence =>
  Object.fromEntries(
    evidence.flatMap(({ check, state }) => {
      const read = parsed(state);
      return read === undefined ? [] : [[check, read] as const];
    }),
  );

/** What is damaged counts as not remembered: the judge begins anew. */
const parsed = (state: string): JsonObject | undefined => {
  try {
    return JSON.parse(state) as JsonObject;
  } catch {
    return undefined;
  }
};

const analysed = ({ stage, subject, past }: Judging, round: Round, { served }: SplitVerdict): AnalysisStatus => {
  const evidence = Object.entries(round.evidence).map(([check, state]) => ({ check, state: JSON.stringify(state) }));
  return {
    id: past.id,
    failures: round.failures,
    judgedAt: toRfc3339(subject.window.to),
    checks: [...round.results],
    ...(stage.rounds === undefined ? {} : { passed: (past.passed ?? 0) + (round.outcome === 'pass' ? 1 : 0) }),
    ...(evidence.length === 0 ? {} : { evidence }),
    ...(served.length === 0 ? {} : { served: [...served] }),
  };
};

/** For who has nothing that could be measured: a release must not hold for ever without a word about the way on. */
const advice = ({ subject: { arms } }: Judging, { requests }: Round): string =>
  requests === undefined || requests.window.canary + requests.window.stable > 0
    ? ''
    : `. Where there is nothing to measure: kubectl sluice promote ${arms.workload} -n ${arms.namespace}, or the annotation ${noDataAnnotation}: pass for the next release`;

const concluded = (judging: Judging, round: Round): Next => {
  const { analysis, past, status, facts } = judging;
  const split = splitVerdict(past, round, { status, facts });
  const others = (status.analyses ?? []).filter((one) => one.id !== past.id);
  const analyses = [...others, analysed(judging, round, split)];
  const seen = withStatus(status, { analyses, share: split.share ?? status.share, waiting: undefined });
  if (round.outcome === 'fail') return { status: failedRound(seen, facts, { round, threshold: analysis.threshold }) };
  if (split.seen === 'unseen' || (split.seen === 'unknown' && round.outcome === 'pass'))
    return { status: withStatus(seen, { waiting: splitHold(split, round, { status, facts, share: split.share }) }) };
  const short = round.outcome === 'pass' && waitsForPods(seen, facts) !== undefined;
  if (round.outcome === 'pass' && !short)
    return isOver(judging, seen) ? { over: seen } : { status: held(judging, seen) };
  const place = placeText(withStatus(seen, { share: shareNow(seen, facts) }));
  const why = short ? `the checks pass, and the step waits for all of its pods` : round.because;
  const message = `holding at ${place}: ${why}${advice(judging, round)}`;
  return { status: withStatus(seen, { waiting: { reason: 'ChecksInconclusive', message } }) };
};

/** A round has passed: whether the stage has lasted as long as its plan says. */
const isOver = ({ stage, subject, facts, past }: Judging, seen: ReleaseStatus): boolean => {
  const passed = seen.analyses?.find(({ id }) => id === past.id)?.passed ?? 1;
  if (passed < (stage.rounds ?? 1) || stage.for === 'approval') return false;
  return stage.for === undefined || subject.window.to >= heldSince(seen, facts) + stage.for;
};

const held = ({ stage, facts }: Judging, seen: ReleaseStatus): ReleaseStatus =>
  stage.for === 'approval' ? waitsForPerson(stage, seen, facts) : seen;

type Failed = { readonly round: Round; readonly threshold: number };

const failedRound = (status: ReleaseStatus, facts: Facts, { round, threshold }: Failed): ReleaseStatus => {
  const failed = round.results.filter(({ call }) => call === 'fail');
  const counted = withStatus(status, {
    failedChecks: [...(status.failedChecks ?? []), ...failed].slice(-mostFailedChecks),
    waiting: {
      reason: 'ChecksFailed',
      message: `failed check ${round.failures} of ${threshold}: ${round.because}`,
    },
  });
  if (!round.exhausted) return counted;
  const message = `at ${wantedSplit(status).weight} %: ${round.because}`;
  return endWith(counted, facts, { outcome: 'Failed', reason: 'ChecksFailed', message });
};

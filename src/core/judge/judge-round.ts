/** Judges one round of checks: from the answers to a verdict on each check and the outcome of the round. */
import type { CheckResult } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import type { Check } from '../policy/policy.ts';
import type { Answer, Answers } from '../questions/question.ts';
import { questionId, type RoundSubject } from './ask-round.ts';
import { judgeOf, judges } from './judges.ts';
import { servedRequests, windowRequests, type Served } from './served-requests.ts';
import { tally, type Judged, type Outcome } from './tally.ts';
import { unreachable, type Evidence, type Judge, type Measurement, type Verdict } from './verdict.ts';

/** The evidence that judges keep for a release, by check name. */
export type RoundEvidence = Readonly<Record<string, Evidence>>;

/** The facts on which a round is judged. */
export type RoundFacts = {
  readonly answers: Answers;
  /** Failed rounds at which the release fails. */
  readonly threshold: number;
  /** Failed rounds before this one. */
  readonly failures: number;
  /** The `evidence` of the round before. */
  readonly evidence: RoundEvidence;
  /** When pods of the canary started at the earliest, by name. */
  readonly started: ReadonlyMap<string, Instant>;
  /** The canary's weight during the window, in percent. */
  readonly weight: number;
  /** When every proxy knew the split; requests from before do not tell whether it is followed. */
  readonly settledAt: Instant;
};

/** The checks of one window, judged and counted. */
export type Round = {
  /** The outcome of this round alone. */
  readonly outcome: Outcome;
  /** Failed rounds so far, this one included. */
  readonly failures: number;
  /** The failures have reached the threshold. */
  readonly exhausted: boolean;
  readonly results: readonly CheckResult[];
  /** Requests of both arms, if a check counts them: in the whole window, and since the split has settled, if known. */
  readonly requests?: { readonly window: Served; readonly settled?: Served };
  readonly because: string;
  /** To be kept in the Release and handed to the next round. Each at most `mostEvidence` long as JSON in UTF-8. */
  readonly evidence: RoundEvidence;
};

/** Bytes: a Release with 32 checks stays far below what etcd takes. */
export const mostEvidence = 4_096;

/** `pending` while an answer is missing. `known` is there to be replaced in tests. */
export const judgeRound = (
  subject: RoundSubject,
  facts: RoundFacts,
  known: Readonly<Record<string, Judge>> = judges,
): Round | 'pending' => {
  const judged: Judged[] = [];
  for (const check of subject.checks) {
    const answer = facts.answers.get(questionId(subject, check));
    if (answer === undefined || answer === 'pending') return 'pending';
    judged.push({ check, verdict: bounded(check, verdictOn(check, answer, { subject, facts, known })) });
  }
  const { round, outcome, failures, because } = tally(judged, facts);
  const counted = judged.map(({ check }) => requestsOf(check, { subject, facts }));
  const requests = counted.find((one) => one?.settled !== undefined) ?? counted.find((one) => one !== undefined);
  return {
    outcome: round,
    failures,
    exhausted: outcome === 'fail',
    results: judged.map((one, i) => resultOf(one, { subject, facts, requests: counted[i]?.window })),
    ...(requests === undefined ? {} : { requests }),
    because,
    evidence: Object.fromEntries(judged.flatMap(kept)),
  };
};

type Judging = {
  readonly subject: RoundSubject;
  readonly facts: RoundFacts;
  readonly known: Readonly<Record<string, Judge>>;
};

const verdictOn = (check: Check, answer: Answer, { subject, facts, known }: Judging): Verdict => {
  const past = facts.evidence[check.name];
  const remembered = past === undefined ? {} : { evidence: past };
  if (answer.kind === 'unanswered') return { ...unreachable(check, answer.because), ...remembered };
  const judge = known[judgeOf(check)];
  // The Release was created by a newer version, whose judge this version does not have.
  if (judge === undefined) return { ...unknownJudge(check), ...remembered };
  return judge(check, measurementOf(answer, { subject, facts }), past);
};

const measurementOf = (
  answer: Extract<Answer, { readonly kind: 'measured' }>,
  { subject: { telemetry, window, probes }, facts: { started } }: Omit<Judging, 'known'>,
): Measurement => ({ ...window, ...answer, telemetry, started, ...(probes === undefined ? {} : { probes }) });

const requestsOf = (check: Check, { subject, facts }: Omit<Judging, 'known'>): Round['requests'] => {
  const answer = facts.answers.get(questionId(subject, check));
  if (answer === undefined || answer === 'pending' || answer.kind === 'unanswered') return undefined;
  const measured = measurementOf(answer, { subject, facts });
  const window = windowRequests(check, measured);
  if (window === undefined) return undefined;
  const settled = servedRequests(check, measured, facts.settledAt);
  return { window, ...(settled === undefined ? {} : { settled }) };
};

const unknownJudge = (check: Check): Verdict => ({
  call: 'inconclusive',
  reason: 'unclear',
  because: `${check.name} cannot be judged: this version of Sluice has no judge "${judgeOf(check)}"`,
});

/** Drops evidence that is too large: the judge then starts over, and the message says so. */
const bounded = (check: Check, verdict: Verdict): Verdict => {
  const { evidence, ...rest } = verdict;
  if (evidence === undefined) return verdict;
  const bytes = new TextEncoder().encode(JSON.stringify(evidence)).length;
  if (bytes <= mostEvidence) return verdict;
  const lost = `what the judge ${judgeOf(check)} wants to remember takes ${bytes} bytes, more than ${mostEvidence}, and is not kept`;
  return { ...rest, because: `${verdict.because} (${lost})` };
};

const kept = ({ check, verdict: { evidence } }: Judged): readonly (readonly [string, Evidence])[] =>
  evidence === undefined ? [] : [[check.name, evidence]];

type Seen = Omit<Judging, 'known'> & { readonly requests: Served | undefined };

const resultOf = ({ check, verdict }: Judged, { subject, facts, requests }: Seen): CheckResult => ({
  name: check.name,
  call: verdict.call,
  because: verdict.because,
  ...(verdict.value === undefined ? {} : { value: verdict.value }),
  ...(requests === undefined ? {} : { requests: wholeRequests(requests) }),
  ...queriesOf(verdict),
  at: toRfc3339(subject.window.to),
  weight: facts.weight,
});

/** Rounds counts of sources that count in fractions. */
const wholeRequests = ({ canary, stable }: Served): Served => ({
  canary: Math.round(canary),
  stable: Math.round(stable),
});

/** Records the queries of inconclusive checks only; for a check with a value the message is enough. */
const queriesOf = ({ call, queries }: Verdict): { queries?: string[] } =>
  call !== 'inconclusive' || queries === undefined ? {} : { queries: [...queries] };

/** Builders for tests about checks: series, measurements and checks with everything unimportant filled in. */
import { questionsFor, type RoundSubject } from '../../src/core/judge/ask-round.ts';
import type { RoundFacts } from '../../src/core/judge/judge-round.ts';
import type { Measured } from '../../src/core/questions/answer.ts';
import type { Answer, Question } from '../../src/core/questions/question.ts';
import type { Series } from '../../src/core/judge/series.ts';
import type { Measurement } from '../../src/core/judge/verdict.ts';
import type { Labels } from '../../src/values/kube-object.ts';
import type { Check } from '../../src/core/policy/policy.ts';

/** The window of `aMeasurement`: a minute, with points from two minutes before it. */
export const from = 1_700_000_000_000;
export const to = from + 60_000;
export const since = from - 120_000;

/** Points at these seconds after the window's start; negative ones are before it. */
export const aSeries = (labels: Labels, ...points: readonly (readonly [number, number])[]): Series => ({
  labels,
  points: points.map(([seconds, value]) => [from + seconds * 1000, value]),
});

/** A counter that was at 0 before the window and at `by` in it. */
export const grown = (labels: Labels, by: number): Series => aSeries(labels, [-15, 0], [45, by]);

export const aMeasurement = (over: Partial<Measurement> = {}): Measurement => ({
  from,
  to,
  since,
  telemetry: 'istio',
  canary: [],
  stable: [],
  queries: ['the_query'],
  notes: [],
  started: new Map(),
  ...over,
});

/** Series of an Istio request counter: requests by response code, from one pod. */
export const istioRequests = (pod: string, byCode: Readonly<Record<string, number>>): readonly Series[] =>
  Object.entries(byCode).map(([code, by]) => grown({ pod, response_code: code }, by));

/** A cumulative histogram from one pod: upper bound to the number of requests up to it. */
export const buckets = (pod: string, upTo: Readonly<Record<string, number>>): readonly Series[] =>
  Object.entries(upTo).map(([le, by]) => grown({ pod, le }, by));

export const successRate = (min: number, over: Partial<Check> = {}): Check =>
  ({ kind: 'success-rate', name: 'request-success-rate', min, noData: 'hold', ...over }) as Check;

export const duration = (max: number, quantile = 0.99): Check => ({
  kind: 'duration',
  name: 'request-duration',
  max,
  quantile,
  noData: 'hold',
});

export const aQuery = (query: string, bounds: { readonly min?: number; readonly max?: number }): Check => ({
  kind: 'query',
  name: 'queue-depth',
  query,
  noData: 'hold',
  ...bounds,
});

/** A round of the built-in success rate, over the window of `aMeasurement`. */
export const aRound = (over: Partial<RoundSubject> = {}): RoundSubject => ({
  release: 'web-2',
  analysis: 'step',
  checks: [successRate(99)],
  source: { kind: 'prometheus' },
  telemetry: 'istio',
  arms: { namespace: 'shop', workload: 'web', canary: 'web-canary', service: 'web', canaryService: 'web-canary' },
  window: { from, to },
  ...over,
});

/** The question of the success rate of `aRound`. */
export const aQuestion = (over: Partial<Question> = {}): Question => {
  const [question] = questionsFor(aRound());
  if (question === undefined) throw new Error('a round asks something');
  return { ...question, ...over };
};

export const measured = (over: Partial<Measured> = {}): Measured => ({
  kind: 'measured',
  canary: [],
  stable: [],
  since,
  queries: ['the_query'],
  notes: [],
  ...over,
});

export const unanswered = (because: string): Answer => ({ kind: 'unanswered', because });

/** Answers to the questions of a round, in the order of its checks; undefined has not been asked. */
export const roundFacts = (
  subject: RoundSubject,
  answers: readonly (Answer | 'pending' | undefined)[],
  over: Partial<RoundFacts> = {},
): RoundFacts => ({
  answers: new Map(
    questionsFor(subject).flatMap(({ id }, i) => {
      const answer = answers[i];
      return answer === undefined ? [] : [[id, answer] as const];
    }),
  ),
  threshold: 3,
  failures: 0,
  evidence: {},
  started: new Map(),
  weight: 10,
  settledAt: from,
  ...over,
});

/** Builds the questions of one round of checks. Their ids are deterministic, so every controller builds the same ones. */
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Arms, Question, QuestionId, SourceRef, Window } from '../questions/question.ts';

/** The checks of one analysis of one release over one window. */
export type RoundSubject = {
  /** Name of the Release; its namespace is that of `arms`. */
  readonly release: string;
  /** Id of the analysis in the plan. */
  readonly analysis: string;
  readonly checks: readonly Check[];
  readonly source: SourceRef;
  readonly telemetry: Telemetry;
  readonly arms: Arms;
  readonly window: Window;
  /** Paths of the template's probes. */
  readonly probes?: readonly string[];
};

/** The question id of a check. Check names are unique within a policy. */
export const questionId = (
  { release, analysis, arms, window }: RoundSubject,
  { name }: Pick<Check, 'name'>,
): QuestionId => [arms.namespace, release, analysis, name, `${window.from}-${window.to}`].join('/');

/**
 * The questions of a round, one per check. They can be asked as soon as the end of the window is known; asked in advance,
 * they share queries with every other release whose window ends at the same time.
 */
export const questionsFor = (subject: RoundSubject): readonly Question[] =>
  subject.checks.map((check) => ({
    id: questionId(subject, check),
    kind: 'measure',
    source: subject.source,
    check,
    telemetry: subject.telemetry,
    arms: subject.arms,
    window: subject.window,
  }));

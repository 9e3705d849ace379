/**
 * What a release wants to know from somebody outside the API server. A step asks; the answer is a fact of a later step, and
 * no reconcile waits for it. An id says everything that makes a question what it is: after a restart it is asked again.
 */
import type { Series } from '../judge/series.ts';
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Instant } from '../../values/time.ts';

export type QuestionId = string;

/** Which metric source: the address a policy gives, or the one Sluice was started with. */
export type SourceRef = { readonly kind: 'prometheus'; readonly address?: string };

/** Who is measured. `workload` and `canary` are the Deployments' names. */
export type Arms = {
  readonly namespace: string;
  readonly workload: string;
  readonly canary: string;
  readonly service: string;
  readonly canaryService: string;
};

/** The slice of time (from, to] a verdict is about. */
export type Window = { readonly from: Instant; readonly to: Instant };

export type Question = {
  readonly id: QuestionId;
  readonly kind: 'measure';
  readonly source: SourceRef;
  readonly check: Check;
  readonly telemetry: Telemetry;
  readonly arms: Arms;
  /**
   * May end in the future: the question is put to the source when the window is over. Questions that are known before
   * then, and whose windows end on the same tick of the grid, cost one query together.
   */
  readonly window: Window;
};

export type Answer =
  | {
      readonly kind: 'measured';
      readonly canary: readonly Series[];
      readonly stable: readonly Series[];
      /** Points reach back to here, before the window. */
      readonly since: Instant;
      /** What was asked, as a person can ask it again about this release alone. */
      readonly queries: readonly string[];
      /** Which series that looks for, in words. */
      readonly sought?: string;
      /** The source's own warnings. */
      readonly notes: readonly string[];
    }
  /** Nobody answered, or nobody could be asked; a sentence says why. */
  | { readonly kind: 'unanswered'; readonly because: string };

/** `pending`: it is being asked. An id that is not there has not been asked yet. */
export type Answers = ReadonlyMap<QuestionId, Answer | 'pending'>;

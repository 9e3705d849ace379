/**
 * Questions of a release to systems other than the API server. A step emits questions; the answers are facts of a later
 * step, and no reconcile waits for them. An id identifies a question completely, so it can be asked again after a restart.
 */
import type { Series } from '../judge/series.ts';
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Instant } from '../../values/time.ts';

export type QuestionId = string;

/** A metric source: the address in the policy, or by default the one that Sluice was started with. */
export type SourceRef = { readonly kind: 'prometheus'; readonly address?: string };

/** The two arms that are measured. `workload` and `canary` are names of Deployments. */
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
   * May end in the future: the source is queried after the end of the window. Questions asked in advance whose windows end
   * on the same tick of the grid share one query.
   */
  readonly window: Window;
};

export type Answer =
  | {
      readonly kind: 'measured';
      readonly canary: readonly Series[];
      readonly stable: readonly Series[];
      /** Start of the points, before the window. */
      readonly since: Instant;
      /** The queries for this release alone, in a form that a person can repeat. */
      readonly queries: readonly string[];
      /** A description of the series that the queries select. */
      readonly sought?: string;
      /** The source's own warnings. */
      readonly notes: readonly string[];
    }
  /** The source did not answer, or there is no source; `because` is a sentence with the reason. */
  | { readonly kind: 'unanswered'; readonly because: string };

/** `pending` means that the source is being queried. An id without an entry has not been asked yet. */
export type Answers = ReadonlyMap<QuestionId, Answer | 'pending'>;

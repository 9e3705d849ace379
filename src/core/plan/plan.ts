/**
 * What a release does, stage by stage, with every default resolved. Every strategy compiles to a plan; the plan is recorded in
 * the Release when it is created, so that no later version of Sluice changes what a release under way does.
 */
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Hold, SizeRule } from '../policy/strategy.ts';
import type { SourceRef } from '../questions/question.ts';
import type { Split } from '../../values/split.ts';
import type { Milliseconds } from '../../values/time.ts';

export type StageId = string;
export type AnalysisId = string;

/** Checks that are judged together. Their failures are counted together across all stages that use the analysis. */
export type Analysis = {
  readonly checks: readonly Check[];
  /** Number of failed rounds at which the release fails. */
  readonly threshold: number;
};

export type Stage = { readonly id: StageId } & (
  | { readonly do: 'size'; readonly canary: SizeRule }
  | { readonly do: 'split'; readonly split: Split }
  /**
   * Judge at the end of every `interval` until one round, or the number in `rounds`, has passed. With `for`, the stage
   * lasts that long and ends after a round that passes; a user's resume ends it at once.
   */
  | {
      readonly do: 'analyse';
      readonly analysis: AnalysisId;
      readonly interval: Milliseconds;
      readonly for?: Hold;
      readonly rounds?: number;
    }
  | { readonly do: 'wait'; readonly for: Hold }
  | { readonly do: 'promote' }
);

export type StageKind = Stage['do'];

export type Plan = {
  /** Not empty; the last stage, and no other, is `promote`. */
  readonly stages: readonly Stage[];
  readonly analyses: Readonly<Record<AnalysisId, Analysis>>;
  readonly provider: string;
  readonly service?: string;
  readonly telemetry: 'auto' | Telemetry;
  readonly prometheus?: string;
  readonly onFailure: 'hold' | 'revert';
  readonly progressDeadline: Milliseconds;
  readonly propagationDelay: Milliseconds;
};

/** The splits of the plan, in order. */
export const splitsOf = ({ stages }: Pick<Plan, 'stages'>): readonly Split[] =>
  stages.flatMap((stage) => (stage.do === 'split' ? [stage.split] : []));

/** The metric source that the plan queries. */
export const sourceOf = ({ prometheus }: Pick<Plan, 'prometheus'>): SourceRef => ({
  kind: 'prometheus',
  ...(prometheus === undefined ? {} : { address: prometheus }),
});

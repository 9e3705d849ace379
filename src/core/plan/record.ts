/** Converts a plan to the form recorded in a Release; `readPlan` is the inverse. */
import type { RecordedAnalysis, RecordedCheck, RecordedPlan, RecordedStage } from '../../schema/plan.ts';
import { durationText } from '../../values/duration.ts';
import { recordSplit } from './recorded-split.ts';
import type { Check } from '../policy/policy.ts';
import type { Hold } from '../policy/strategy.ts';
import type { Analysis, Plan, Stage } from './plan.ts';

const holdText = (hold: Hold): string => (hold === 'approval' ? hold : durationText(hold));

const recordStage = (stage: Stage): RecordedStage => {
  const { id } = stage;
  switch (stage.do) {
    case 'size':
      return { id, do: stage.do, canary: { ...stage.canary } };
    case 'split':
      return { id, do: stage.do, split: recordSplit(stage.split) };
    case 'analyse':
      return {
        id,
        do: stage.do,
        analysis: stage.analysis,
        interval: durationText(stage.interval),
        ...(stage.for === undefined ? {} : { for: holdText(stage.for) }),
        ...(stage.rounds === undefined ? {} : { rounds: stage.rounds }),
      };
    case 'wait':
      return { id, do: stage.do, for: holdText(stage.for) };
    case 'promote':
      return { id, do: stage.do };
  }
};

const recordCheck = (check: Check): RecordedCheck => ({
  name: check.name,
  kind: check.kind,
  ...(check.kind === 'query' ? { query: check.query } : {}),
  ...(check.kind === 'duration' ? { quantile: check.quantile } : {}),
  ...(check.min === undefined ? {} : { min: check.min }),
  ...(check.max === undefined ? {} : { max: check.max }),
  ...(check.kind === 'query' || check.minRequests === undefined ? {} : { minRequests: check.minRequests }),
  noData: check.noData,
  ...(check.judge === undefined ? {} : { judge: check.judge }),
});

const recordAnalysis = ({ threshold, checks }: Analysis): RecordedAnalysis => ({
  threshold,
  checks: checks.map(recordCheck),
});

export const record = (plan: Plan): RecordedPlan => ({
  stages: plan.stages.map(recordStage),
  analyses: Object.fromEntries(
    Object.entries(plan.analyses).map(([id, analysis]) => [id, recordAnalysis(analysis)] as const),
  ),
  provider: plan.provider,
  ...(plan.service === undefined ? {} : { service: plan.service }),
  telemetry: plan.telemetry,
  ...(plan.prometheus === undefined ? {} : { prometheus: plan.prometheus }),
  onFailure: plan.onFailure,
  progressDeadline: durationText(plan.progressDeadline),
  propagationDelay: durationText(plan.propagationDelay),
});

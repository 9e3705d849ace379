/** Reads the plan recorded in a Release, independent of today's defaults. */
import {
  PlanSchema,
  type RecordedAnalysis,
  type RecordedCheck,
  type RecordedPlan,
  type RecordedStage,
} from '../../schema/plan.ts';
import { asWritten, validate } from '../../schema/validate.ts';
import { parseDuration } from '../../values/duration.ts';
import { percent } from '../../values/percent.ts';
import type { Problem } from '../../values/problem.ts';
import type { Match } from '../../values/split.ts';
import { readSplit } from './recorded-split.ts';
import type { Check } from '../policy/policy.ts';
import type { Hold, SizeRule } from '../policy/strategy.ts';
import { planProblems } from './plan-problems.ts';
import type { Analysis, Plan, Stage } from './plan.ts';

export type ReadPlan = { readonly plan: Plan } | { readonly problems: readonly Problem[] };

/** The field in which a Release records its plan. */
export const planField = 'spec.plan';

/** The fields of each kind of stage and of check, apart from the common ones. */
const stageFields: Readonly<Record<RecordedStage['do'], readonly (keyof RecordedStage)[]>> = {
  size: ['canary'],
  split: ['split'],
  analyse: ['analysis', 'interval'],
  wait: ['for'],
  promote: [],
};
/** Fields that a kind of stage may have. */
const optionalFields: Partial<Record<RecordedStage['do'], readonly (keyof RecordedStage)[]>> = {
  analyse: ['for', 'rounds'],
};
const checkFields: Readonly<Record<RecordedCheck['kind'], readonly (keyof RecordedCheck)[]>> = {
  'success-rate': [],
  duration: ['quantile'],
  query: ['query'],
};
const everyStage = ['id', 'do'];
const everyCheck = ['name', 'kind', 'min', 'max', 'noData', 'judge'];
const ofRequests = [...everyCheck, 'minRequests'];

const todo = 'Sluice alone writes the plan: a version that knows this one carries it out.';

type Form = { readonly kind: string; readonly needs: readonly string[]; readonly mayHave: readonly string[] };

/** A structural schema cannot say which fields go with which kind. */
const formProblems = (found: object, { kind, needs, mayHave }: Form, at: string): readonly Problem[] => {
  const missing = needs.filter((field) => !Object.hasOwn(found, field));
  const surplus = Object.keys(found).filter((field) => !needs.includes(field) && !mayHave.includes(field));
  return [
    ...missing.map((field) => ({ field: `${at}.${field}`, rule: `must be set where the kind is ${kind}`, todo })),
    ...surplus.map((field) => ({ field: `${at}.${field}`, rule: `means nothing where the kind is ${kind}`, todo })),
  ];
};

const matchProblems = ({ headers, cookies, query }: Match, at: string): readonly Problem[] =>
  Object.entries({ headers, cookies, query }).flatMap(([where, texts = {}]) =>
    Object.entries(texts).flatMap(([name, text]) =>
      Object.keys(text).length === 1
        ? []
        : [{ field: `${at}.${where}.${name}`, value: asWritten(text), rule: 'must compare in one way', todo }],
    ),
  );

const stageProblems = (stage: RecordedStage, at: string): readonly Problem[] => [
  ...formProblems(
    stage,
    { kind: stage.do, needs: stageFields[stage.do], mayHave: [...everyStage, ...(optionalFields[stage.do] ?? [])] },
    at,
  ),
  ...(stage.canary === undefined || Object.keys(stage.canary).length === 1
    ? []
    : [{ field: `${at}.canary`, value: asWritten(stage.canary), rule: 'must have weight or replicas', todo }]),
  ...(stage.split?.match ?? []).flatMap((match, i) => matchProblems(match, `${at}.split.match[${i}]`)),
];

const shapeProblems = ({ stages, analyses }: RecordedPlan): readonly Problem[] => [
  ...stages.flatMap((stage, i) => stageProblems(stage, `${planField}.stages[${i}]`)),
  ...Object.entries(analyses).flatMap(([id, { checks }]) =>
    checks.flatMap((check, i) =>
      formProblems(
        check,
        { kind: check.kind, needs: checkFields[check.kind], mayHave: check.kind === 'query' ? everyCheck : ofRequests },
        `${planField}.analyses.${id}.checks[${i}]`,
      ),
    ),
  ),
];

const holdOf = (text: string): Hold => (text === 'approval' ? text : parseDuration(text));

const sizeOf = ({ weight, replicas }: NonNullable<RecordedStage['canary']>): readonly SizeRule[] => {
  if (weight !== undefined) return [{ weight: percent(weight) }];
  return replicas === undefined ? [] : [{ replicas }];
};

/** Empty if a required field is missing, which `shapeProblems` reports. */
const stagesOf = (recorded: RecordedStage): readonly Stage[] => {
  const { id, canary, split, analysis, interval, for: until, rounds } = recorded;
  switch (recorded.do) {
    case 'size':
      return canary === undefined ? [] : sizeOf(canary).map((rule) => ({ id, do: 'size', canary: rule }));
    case 'split':
      return split === undefined ? [] : [{ id, do: 'split', split: readSplit(split) }];
    case 'analyse':
      return analysis === undefined || interval === undefined
        ? []
        : [
            {
              id,
              do: 'analyse',
              analysis,
              interval: parseDuration(interval),
              ...(until === undefined ? {} : { for: holdOf(until) }),
              ...(rounds === undefined ? {} : { rounds }),
            },
          ];
    case 'wait':
      return until === undefined ? [] : [{ id, do: 'wait', for: holdOf(until) }];
    case 'promote':
      return [{ id, do: 'promote' }];
  }
};

const checksOf = (recorded: RecordedCheck): readonly Check[] => {
  const { name, kind, query, min, max, quantile, minRequests, noData, judge } = recorded;
  const requests = minRequests === undefined ? {} : { minRequests };
  const bounds = {
    name,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    noData,
    ...(judge === undefined ? {} : { judge }),
  };
  switch (kind) {
    case 'success-rate':
      return [{ kind, ...requests, ...bounds }];
    case 'duration':
      return quantile === undefined ? [] : [{ kind, quantile, ...requests, ...bounds }];
    case 'query':
      return query === undefined ? [] : [{ kind, query, ...bounds }];
  }
};

const analysisOf = ({ threshold, checks }: RecordedAnalysis): Analysis => ({
  threshold,
  checks: checks.flatMap(checksOf),
});

const planOf = ({ stages, analyses, progressDeadline, propagationDelay, ...rest }: RecordedPlan): Plan => ({
  ...rest,
  stages: stages.flatMap(stagesOf),
  analyses: Object.fromEntries(Object.entries(analyses).map(([id, analysis]) => [id, analysisOf(analysis)] as const)),
  progressDeadline: parseDuration(progressDeadline),
  propagationDelay: parseDuration(propagationDelay),
});

/** Returns the plan or all of its problems. Never throws: `recorded` may be any JSON. */
export const readPlan = (recorded: unknown): ReadPlan => {
  const found = validate(PlanSchema, recorded, planField);
  if (found.length > 0) return { problems: found.map((problem) => ({ ...problem, todo })) };
  const valid = recorded as RecordedPlan;
  const shape = shapeProblems(valid);
  if (shape.length > 0) return { problems: shape };
  const plan = planOf(valid);
  const problems = planProblems(plan, planField);
  return problems.length > 0 ? { problems } : { plan };
};

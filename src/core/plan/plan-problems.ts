/** Rules for plans that their types cannot express. */
import type { Problem } from '../../values/problem.ts';
import type { Plan, Stage } from './plan.ts';

type Place = { readonly stage: Stage; readonly index: number; readonly plan: Plan };
/** `at` is the field of the stage. */
type Found = Pick<Problem, 'value' | 'rule' | 'todo'> & { readonly at: string };
/** A rule about one stage in the context of its plan. */
type StageRule = (place: Place) => Found | undefined;

const uniqueId: StageRule = ({ stage: { id }, index, plan }) =>
  plan.stages.findIndex((other) => other.id === id) === index
    ? undefined
    : { at: 'id', value: id, rule: 'must be unique: another stage has it', todo: 'Give each stage an id of its own.' };

const promotesAtTheEnd: StageRule = ({ stage, index, plan }) => {
  const isLast = index === plan.stages.length - 1;
  if ((stage.do === 'promote') === isLast) return undefined;
  return isLast
    ? { at: 'do', value: stage.do, rule: 'must be promote in the last stage', todo: 'End the plan with promote.' }
    : { at: 'do', value: stage.do, rule: 'must be promote in the last stage only', todo: 'Remove what follows it.' };
};

const knownAnalysis: StageRule = ({ stage, plan }) => {
  if (stage.do !== 'analyse' || Object.hasOwn(plan.analyses, stage.analysis)) return undefined;
  const todo = `The analyses are ${Object.keys(plan.analyses).join(', ') || 'none'}.`;
  return { at: 'analysis', value: stage.analysis, rule: 'names no analysis of the plan', todo };
};

/** Weights must not fall; one may repeat, where another part of the split changes. */
const risingSplit: StageRule = ({ stage, index, plan }) => {
  if (stage.do !== 'split') return undefined;
  const before = plan.stages.slice(0, index).findLast((earlier) => earlier.do === 'split');
  if (before === undefined) return undefined;
  const { weight } = before.split;
  return stage.split.weight >= weight
    ? undefined
    : {
        at: 'split.weight',
        value: String(stage.split.weight),
        rule: `must not fall: the split before has ${weight}`,
        todo: `Raise it to at least ${weight}.`,
      };
};

const stageRules: readonly StageRule[] = [uniqueId, promotesAtTheEnd, knownAnalysis, risingSplit];

/** All problems of the plan at the field path `at`; empty when it can be carried out. */
export const planProblems = (plan: Plan, at: string): readonly Problem[] => {
  if (plan.stages.length === 0)
    return [{ field: `${at}.stages`, value: '[]', rule: 'must not be empty', todo: 'End the plan with promote.' }];
  return plan.stages.flatMap((stage, index) =>
    stageRules.flatMap((rule) => {
      const found = rule({ stage, index, plan });
      if (found === undefined) return [];
      const { at: below, ...problem } = found;
      return [{ field: `${at}.stages[${index}].${below}`, ...problem }];
    }),
  );
};

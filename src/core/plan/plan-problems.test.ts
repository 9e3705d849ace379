import { describe, expect, it } from '@jest/globals';
import { percent } from '../../values/percent.ts';
import { sentence } from '../../values/problem.ts';
import { resolvePolicy } from '../policy/resolve-policy.ts';
import { compile } from './compile.ts';
import { planProblems } from './plan-problems.ts';
import type { Stage } from './plan.ts';

const split = (id: string, weight: number, mirror?: number): Stage => ({
  id,
  do: 'split',
  split: { weight: percent(weight), ...(mirror === undefined ? {} : { mirror: percent(mirror) }) },
});
const analyse: Stage = { id: 'analyse-1', do: 'analyse', analysis: 'checks', interval: 1000 };
const promote: Stage = { id: 'promote', do: 'promote' };

const told = (...stages: readonly Stage[]): readonly string[] =>
  planProblems({ ...compile(resolvePolicy({})), stages }, 'spec.plan').map(sentence);

describe('planProblems', () => {
  it.each<[string, readonly Stage[]]>([
    ['a promotion alone', [promote]],
    ['the same split twice, which changes nothing', [split('a', 5), split('b', 5), promote]],
    ['weights that rise', [split('a', 5), analyse, split('b', 50), promote]],
    ['a weight that stays while something else of the split changes', [split('a', 0, 50), split('b', 0), promote]],
  ])('finds nothing in %s', (_, stages) => expect(told(...stages)).toEqual([]));

  it.each<[string, readonly Stage[], string]>([
    ['no stage', [], 'spec.plan.stages "[]": must not be empty. End the plan with promote.'],
    [
      'no promotion',
      [split('a', 5)],
      'spec.plan.stages[0].do "split": must be promote in the last stage. End the plan with promote.',
    ],
    [
      'a promotion in the middle',
      [{ ...promote, id: 'early' }, split('a', 5), promote],
      'spec.plan.stages[0].do "promote": must be promote in the last stage only. Remove what follows it.',
    ],
    [
      'an id twice',
      [split('a', 5), split('a', 6), promote],
      'spec.plan.stages[1].id "a": must be unique: another stage has it. Give each stage an id of its own.',
    ],
    [
      'an analysis that is not there',
      [{ ...analyse, analysis: 'latency' }, promote],
      'spec.plan.stages[0].analysis "latency": names no analysis of the plan. The analyses are checks.',
    ],
    [
      'a weight that falls',
      [split('a', 50), analyse, split('b', 5), promote],
      'spec.plan.stages[2].split.weight "5": must not fall: the split before has 50. Raise it to at least 50.',
    ],
  ])('tells of %s', (_, stages, problem) => expect(told(...stages)).toEqual([problem]));
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PolicySpec } from '../../schema/policy.ts';
import type { StepSpec } from '../../schema/steps.ts';
import { resolvePolicy } from '../policy/resolve-policy.ts';
import { stepFindings, strategyWarnings } from '../policy/step-findings.ts';
import { compile } from './compile.ts';
import type { Stage } from './plan.ts';
import { planProblems } from './plan-problems.ts';
import { readPlan } from './read-plan.ts';
import { record } from './record.ts';

const words = (stage: Stage): string => {
  const { id, do: what, ...rest } = stage;
  return [what, JSON.stringify(rest)].filter((text) => text !== '{}').join(' ');
};
const stagesOf = (spec: PolicySpec): readonly string[] => compile(resolvePolicy(spec)).stages.map(words);
const header = { name: 'debug', match: [{ headerName: 'trace', headerValue: { exact: 'debug' } }] };

describe('a list of steps', () => {
  it.each<[string, readonly StepSpec[], readonly string[]]>([
    [
      'makes the canary for the first weight, and judges during a pause',
      [{ setWeight: 20 }, { pause: { duration: '5m' } }, { setWeight: 50 }, { pause: {} }],
      [
        'size {"canary":{"weight":20}}',
        'split {"split":{"weight":20}}',
        'analyse {"analysis":"checks","interval":60000,"for":300000}',
        'split {"split":{"weight":50}}',
        'analyse {"analysis":"checks","interval":60000,"for":"approval"}',
        'promote',
      ],
    ],
    [
      'judges nothing before a caller reaches the canary',
      [{ setCanaryScale: { replicas: 1 } }, { pause: {} }, { setHeaderRoute: header }, { pause: { duration: 10 } }],
      [
        'size {"canary":{"replicas":1}}',
        'wait {"for":"approval"}',
        'split {"split":{"weight":0,"match":[{"headers":{"trace":{"exact":"debug"}}}]}}',
        'analyse {"analysis":"checks","interval":10000,"for":10000}',
        'promote',
      ],
    ],
    [
      'may judge in a step of its own',
      [{ setWeight: 60 }, { analysis: {} }, { analysis: { rounds: 3, interval: '10s' } }],
      [
        'size {"canary":{"weight":60}}',
        'split {"split":{"weight":60}}',
        'analyse {"analysis":"checks","interval":60000}',
        'analyse {"analysis":"checks","interval":10000,"rounds":3}',
        'promote',
      ],
    ],
  ])('%s', (_, steps, stages) => expect(stagesOf({ steps: [...steps] })).toEqual(stages));
});

describe('blue/green', () => {
  it('switches all at once, and keeps stable for the way back', () =>
    expect(stagesOf({ blueGreen: { autoPromotionSeconds: 30 } })).toEqual([
      'size {"canary":{"weight":100}}',
      'wait {"for":30000}',
      'split {"split":{"weight":100}}',
      'analyse {"analysis":"checks","interval":30000,"for":30000}',
      'promote',
    ]));

  it('waits for a person, with a preview of fewer pods', () =>
    expect(
      stagesOf({ blueGreen: { autoPromotionEnabled: false, previewReplicaCount: 1, scaleDownDelaySeconds: 0 } }),
    ).toEqual([
      'size {"canary":{"replicas":1}}',
      'wait {"for":"approval"}',
      'split {"split":{"weight":100}}',
      'promote',
    ]));
});

describe('a test of some rounds', () => {
  it.each<[string, PolicySpec, readonly string[]]>([
    [
      'on the requests that match',
      { iterations: 5, match: [{ headers: { a: { exact: 'b' } } }] },
      [
        'size {"canary":{"weight":100}}',
        'split {"split":{"weight":0,"match":[{"headers":{"a":{"exact":"b"}}}]}}',
        'analyse {"analysis":"checks","interval":60000,"rounds":5}',
        'promote',
      ],
    ],
    [
      'on copies, before everything is switched',
      { iterations: 1, mirror: true, mirrorWeight: 30 },
      [
        'size {"canary":{"weight":100}}',
        'split {"split":{"weight":0,"mirror":30}}',
        'analyse {"analysis":"checks","interval":60000}',
        'split {"split":{"weight":100}}',
        'promote',
      ],
    ],
  ])('%s', (_, spec, stages) => expect(stagesOf(spec)).toEqual(stages));
});

const told = (...steps: readonly StepSpec[]): readonly string[] =>
  stepFindings({ steps: [...steps] }).map(({ path, rule, todo }) => `${path} ${rule}. ${todo}`);

describe('steps that cannot be meant', () => {
  it.each<[string, readonly StepSpec[], string]>([
    [
      'a weight that falls',
      [{ setWeight: 50 }, { pause: {} }, { setWeight: 20 }],
      'steps[2].setWeight must not fall: a step before has 50. Write more than 50, or take the step out.',
    ],
    [
      'a weight twice',
      [{ setWeight: 50 }, { setWeight: 50 }],
      'steps[1].setWeight is the weight already. Take the step out.',
    ],
    [
      'a weight that the pods before it cannot carry',
      [{ setCanaryScale: { weight: 25 } }, { setWeight: 50 }],
      'steps[1].setWeight would overload the canary: setCanaryScale keeps its pods at 25 % before it. Write setCanaryScale: {matchTrafficWeight: true} before it, or a weight of at least 50.',
    ],
    [
      'pods for less than the traffic',
      [{ setWeight: 50 }, { setCanaryScale: { weight: 25 } }],
      'steps[1].setCanaryScale would overload the canary, which has 50 % of the traffic. Write at least 50.',
    ],
    [
      'the end of a route that never began',
      [{ setHeaderRoute: { name: 'a' } }],
      'steps[0].setHeaderRoute ends the route a, which no step before has made. Take the step out, or correct the name.',
    ],
    [
      'the end of copies that never began',
      [{ setMirrorRoute: { name: 'a' } }],
      'steps[0].setMirrorRoute ends the route a, which no step before has made. Take the step out, or correct the name.',
    ],
  ])('%s', (_, steps, problem) => expect(told(...steps)).toEqual([problem]));

  it.each<[string, PolicySpec, RegExp]>([
    ['steps that never hold', { steps: [{ setWeight: 10 }, { setWeight: 20 }] }, /^no step pauses or judges/],
    ['steps that reach nobody', { steps: [{ pause: {} }] }, /^no step leads callers to the canary/],
    ['a test without callers', { iterations: 3 }, /^no caller reaches the canary before the switch/],
  ])('are warned of: %s', (_, spec, warning) =>
    expect(strategyWarnings(spec)).toEqual([expect.stringMatching(warning)]),
  );
});

const step: fc.Arbitrary<StepSpec> = fc.oneof(
  fc.record({ setWeight: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ pause: fc.record({ duration: fc.integer({ min: 1, max: 600 }) }, { requiredKeys: [] }) }),
  fc.record({ setCanaryScale: fc.record({ replicas: fc.integer({ min: 0, max: 20 }) }) }),
  fc.record({ setCanaryScale: fc.record({ weight: fc.integer({ min: 0, max: 100 }) }) }),
  fc.record({ analysis: fc.record({ rounds: fc.integer({ min: 1, max: 5 }) }, { requiredKeys: [] }) }),
  fc.constantFrom<StepSpec>({ setHeaderRoute: header }, { setHeaderRoute: { name: 'debug' } }),
  fc.constantFrom<StepSpec>(
    { setMirrorRoute: { name: 'copies', percentage: 20 } },
    { setMirrorRoute: { name: 'copies' } },
  ),
);

it('a list without a finding compiles to a plan that can be recorded, read back and carried out', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      fc.pre(stepFindings({ steps }).length === 0);
      const plan = compile(resolvePolicy({ steps }));
      expect(planProblems(plan, 'plan')).toEqual([]);
      expect(readPlan(JSON.parse(JSON.stringify(record(plan))))).toEqual({ plan });
    }),
    { numRuns: 2000 },
  );
});

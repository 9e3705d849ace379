import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedPlan } from '../../schema/plan.ts';
import type { PolicySpec } from '../../schema/policy.ts';
import { percent, type Percent } from '../../values/percent.ts';
import { sentence } from '../../values/problem.ts';
import type { Match, Split, TextMatch } from '../../values/split.ts';
import type { Check } from '../policy/policy.ts';
import { defaultsOfToday, resolvePolicy, type Defaults } from '../policy/resolve-policy.ts';
import { compile } from './compile.ts';
import { planOf } from './plan-of-release.ts';
import type { Plan, Stage } from './plan.ts';
import { readPlan } from './read-plan.ts';
import { record } from './record.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const word = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const text = fc.string({ minLength: 1, maxLength: 20 });
const time = fc
  .tuple(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom(1, 1000, 60_000, 3_600_000))
  .map(([count, unit]) => count * unit);
const share = fc.integer({ min: 0, max: 100 }).map(percent);

const textMatch: fc.Arbitrary<TextMatch> = fc.oneof(
  text.map((exact) => ({ exact })),
  text.map((prefix) => ({ prefix })),
  text.map((suffix) => ({ suffix })),
  text.map((regex) => ({ regex })),
);
const texts = fc.dictionary(text, textMatch, { maxKeys: 3 });
const match: fc.Arbitrary<Match> = fc.record(
  { headers: texts, cookies: texts, query: texts, sourceLabels: fc.dictionary(word, word, { maxKeys: 3 }) },
  { requiredKeys: [] },
);
const splitOf = (weight: Percent): fc.Arbitrary<Split> =>
  fc
    .record(
      { match: fc.array(match, { maxLength: 3 }), mirror: share, sticky: fc.record({ cookie: text, ttl: time }) },
      { requiredKeys: [] },
    )
    .map((rest) => ({ weight, ...rest }));

const bounds = fc.record(
  { min: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0), max: fc.integer() },
  { requiredKeys: [] },
);
const noData = fc.constantFrom('hold' as const, 'fail' as const, 'pass' as const);
const check: fc.Arbitrary<Check> = fc
  .tuple(
    fc.oneof(
      fc.constant({ kind: 'success-rate' as const }),
      fc.record({ kind: fc.constant('duration' as const), quantile: fc.constantFrom(0.5, 0.99, 0.999) }),
      fc.record({ kind: fc.constant('query' as const), query: text }),
    ),
    bounds,
    word,
    noData,
    fc.record({ judge: fc.constant('threshold' as const) }, { requiredKeys: [] }),
  )
  .map(([kind, bound, name, missing, judge]) => ({ ...kind, ...bound, name, noData: missing, ...judge }));

const middle: fc.Arbitrary<readonly Stage[]> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }).map((weights) => weights.sort((a, b) => a - b)),
    fc.infiniteStream(time),
    fc.boolean(),
  )
  .chain(([weights, times, checked]) =>
    fc.tuple(...weights.map((weight) => splitOf(percent(weight)))).map((splits) =>
      splits.flatMap((split, i): readonly Stage[] => {
        const [interval = 1] = times.take(1);
        return [
          { id: `size-${i}`, do: 'size', canary: { weight: split.weight } },
          { id: `split-${i}`, do: 'split', split },
          checked
            ? { id: `analyse-${i}`, do: 'analyse', analysis: 'a', interval }
            : { id: `wait-${i}`, do: 'wait', for: interval },
        ];
      }),
    ),
  );

const plans: fc.Arbitrary<Plan> = fc
  .record({
    middle,
    approval: fc.boolean(),
    checks: fc.array(check, { maxLength: 4 }),
    threshold: fc.integer({ min: 1, max: 1000 }),
    rest: fc.record(
      {
        provider: word,
        service: word,
        telemetry: fc.constantFrom('auto' as const, 'istio' as const, 'linkerd' as const, 'application' as const),
        prometheus: fc.webUrl(),
        onFailure: fc.constantFrom('hold' as const, 'revert' as const),
        progressDeadline: time,
        propagationDelay: time,
      },
      { requiredKeys: ['provider', 'telemetry', 'onFailure', 'progressDeadline', 'propagationDelay'] },
    ),
  })
  .map(({ middle: stages, approval, checks, threshold, rest }) => ({
    ...rest,
    stages: [
      ...stages,
      ...(approval ? [{ id: 'approval', do: 'wait', for: 'approval' } as const] : []),
      { id: 'promote', do: 'promote' } as const,
    ],
    analyses: { a: { checks, threshold } },
  }));

describe('a recorded plan', () => {
  it('is read back as it was', () =>
    fc.assert(
      fc.property(plans, (plan) => {
        expect(readPlan(throughJson(record(plan)))).toEqual({ plan });
      }),
    ));

  it('has its durations as texts, and every default', () =>
    expect(record(compile(resolvePolicy({ stepWeight: 50, interval: '90s', approval: 'required' })))).toEqual({
      stages: [
        { id: 'size', do: 'size', canary: { weight: 50 } },
        { id: 'split-1', do: 'split', split: { weight: 50 } },
        { id: 'analyse-1', do: 'analyse', analysis: 'checks', interval: '90s' },
        { id: 'approval', do: 'wait', for: 'approval' },
        { id: 'promote', do: 'promote' },
      ],
      analyses: {
        checks: {
          threshold: 3,
          checks: [
            {
              name: 'request-success-rate',
              kind: 'success-rate',
              min: 99,
              noData: 'hold',
              judge: 'threshold',
              minRequests: 20,
            },
          ],
        },
      },
      provider: 'auto',
      telemetry: 'auto',
      onFailure: 'hold',
      progressDeadline: '10m',
      propagationDelay: '2s',
    }));

  const recorded = record(compile(resolvePolicy({ stepWeight: 50 })));
  const withStage = (index: number, stage: object): unknown => ({
    ...recorded,
    stages: recorded.stages.with(index, { ...recorded.stages[index], ...stage } as RecordedPlan['stages'][number]),
  });
  const withCheck = (over: object): unknown => ({
    ...recorded,
    analyses: { checks: { threshold: 1, checks: [{ name: 'a', kind: 'query', noData: 'hold', ...over }] } },
  });

  it.each<[string, unknown, string]>([
    ['no object', 'promote', 'spec.plan "promote": must be an object'],
    ['an unknown kind of stage', withStage(0, { do: 'teleport' }), 'spec.plan.stages[0].do "teleport": must be one of'],
    [
      'a stage without what its kind needs',
      withStage(1, { split: undefined }),
      'spec.plan.stages[1].split: must be set',
    ],
    ['a stage with what its kind does not know', withStage(0, { for: '1s' }), 'spec.plan.stages[0].for: means nothing'],
    [
      'a field that is not known',
      { ...recorded, gates: [] },
      'spec.plan.gates "[]": is not a field that is known here',
    ],
    ['a duration that is none', withStage(2, { interval: 'soon' }), 'spec.plan.stages[2].interval "soon": must be'],
    [
      'no promotion',
      { ...recorded, stages: recorded.stages.slice(0, -1) },
      'spec.plan.stages[2].do "analyse": must be',
    ],
    ['a query check without a query', withCheck({}), 'spec.plan.analyses.checks.checks[0].query: must be set'],
    [
      'two ways to compare',
      withStage(1, { split: { weight: 5, match: [{ headers: { user: { exact: 'a', prefix: 'b' } } }] } }),
      'spec.plan.stages[1].split.match[0].headers.user "{"exact":"a","prefix":"b"}": must compare in one way',
    ],
  ])('with %s is a problem, with words that say where', (_, broken, problem) => {
    const read = readPlan(throughJson(broken));
    const told = 'problems' in read ? read.problems.map(sentence) : [];
    expect(told.map((line) => line.slice(0, problem.length))).toEqual([problem]);
  });

  it('is read without an exception, whatever it is', () =>
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), plans.map(record), fc.json()), (anything) => {
        expect(Object.keys(readPlan(anything))).toHaveLength(1);
      }),
    ));

  it('of the largest policy stays below 160 kB', () => {
    const checks = Array.from({ length: 32 }, (_, i) => ({
      name: `check-${i}`,
      query: 'x'.repeat(4096),
      min: 0,
      max: 1,
    }));
    const weights = Array.from({ length: 100 }, (_, i) => i + 1);
    const plan = record(compile(resolvePolicy({ weights, checks, latencyP99: '1s', approval: 'required' })));
    expect(Buffer.byteLength(JSON.stringify(plan))).toBeLessThan(160_000);
    expect(readPlan(plan)).toHaveProperty('plan');
  });
});

describe('the plan of a Release', () => {
  const policy: PolicySpec = { weights: [5, 50] };
  /** A later version of Sluice, which thinks otherwise about everything. */
  const later: Defaults = {
    ...defaultsOfToday,
    interval: '5m',
    threshold: 1,
    successRate: 99.9,
    noData: 'fail',
    onFailure: 'revert',
    approval: 'required',
    progressDeadline: '1m',
    propagationDelay: '9s',
    weights: [10],
  };
  const plan = record(compile(resolvePolicy(policy)));

  it('stays what it was when a default changes in the middle', () => {
    expect(planOf({ policy, plan }, later)).toEqual(planOf({ policy, plan }));
    expect(planOf({ policy, plan }, later)).toEqual({ plan: compile(resolvePolicy(policy)), problems: [] });
  });

  it('is compiled from its policy where none is recorded', () =>
    expect(planOf({ policy }, later)).toEqual({ plan: compile(resolvePolicy(policy, later)), problems: [] }));

  it('says enough for the way out where it cannot be read', () => {
    const broken = { ...plan, stages: [] };
    expect(planOf({ policy, plan: broken })).toMatchObject({
      plan: { onFailure: 'hold' },
      problems: [{ field: 'spec.plan.stages', rule: 'must not be empty' }],
    });
  });

  it('is that of the defaults, with a problem, where the policy cannot be read either', () =>
    expect(planOf({ policy: { interval: 'soon' } })).toMatchObject({
      plan: compile(resolvePolicy({})),
      problems: [{ field: 'spec.policy' }],
    }));
});

import { describe, expect, it } from '@jest/globals';
import type { PolicySpec } from '../../schema/policy.ts';
import { resolvePolicy } from '../policy/resolve-policy.ts';
import { compile } from './compile.ts';
import type { Stage } from './plan.ts';

const stagesOf = (spec: PolicySpec): readonly string[] =>
  compile(resolvePolicy(spec)).stages.map((stage) => `${stage.id}: ${words(stage)}`);

const words = (stage: Stage): string => {
  switch (stage.do) {
    case 'size':
      return 'weight' in stage.canary ? `size for ${stage.canary.weight}` : `size ${stage.canary.replicas}`;
    case 'split':
      return `split ${stage.split.weight}`;
    case 'analyse':
      return `analyse ${stage.analysis} every ${stage.interval}`;
    case 'wait':
      return `wait ${stage.for}`;
    case 'promote':
      return 'promote';
  }
};

describe('compile', () => {
  it.each<[string, PolicySpec, readonly string[]]>([
    [
      'the defaults',
      {},
      [
        'size: size for 1',
        ...[1, 5, 20, 50].flatMap((weight, i) => [
          `split-${i + 1}: split ${weight}`,
          `analyse-${i + 1}: analyse checks every 60000`,
        ]),
        'promote: promote',
      ],
    ],
    [
      'a policy that asks for approval',
      { stepWeight: 40, interval: '30s', approval: 'required' },
      [
        'size: size for 40',
        'split-1: split 40',
        'analyse-1: analyse checks every 30000',
        'split-2: split 50',
        'analyse-2: analyse checks every 30000',
        'approval: wait approval',
        'promote: promote',
      ],
    ],
  ])('%s', (_, spec, stages) => expect(stagesOf(spec)).toEqual(stages));

  it('waits for the interval where nothing is checked', () => {
    const plan = compile({ ...resolvePolicy({ stepWeight: 50 }), checks: [] });
    expect(plan.stages.map(words)).toEqual(['size for 50', 'split 50', 'wait 60000', 'promote']);
    expect(plan.analyses).toEqual({});
  });

  it('counts the failures of all steps together', () =>
    expect(compile(resolvePolicy({ threshold: 7 })).analyses).toEqual({
      checks: {
        threshold: 7,
        checks: [
          {
            kind: 'success-rate',
            name: 'request-success-rate',
            min: 99,
            noData: 'hold',
            judge: 'threshold',
            minRequests: 20,
          },
        ],
      },
    }));
});

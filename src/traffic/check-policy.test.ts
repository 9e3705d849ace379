import { describe, expect, it } from '@jest/globals';
import { percent } from '../core/percent.ts';
import { sentence } from '../core/problem.ts';
import type { Capabilities } from '../ports/traffic.ts';
import { checkPolicy } from './check-policy.ts';
import { istio } from './istio.ts';
import { kubernetes } from './kubernetes.ts';

const coarse = { name: 'smi', can: { ...istio.can, granularity: 5 } satisfies Capabilities } as const;

describe('checkPolicy', () => {
  it.each([
    ['any whole percent of a route', istio, [1, 33, 100], []],
    ['fives, of a provider that knows only those', coarse, [5, 50, 100], []],
    [
      'anything else of it',
      coarse,
      [1, 12],
      [
        'steps "1": must be a multiple of 5: the provider smi cannot express anything between. Write 5, or use another provider.',
        'steps "12": must be a multiple of 5: the provider smi cannot express anything between. Write 15, or use another provider.',
      ],
    ],
    [
      'everything, from pods',
      kubernetes,
      [50, 100],
      [
        'steps "100": must be below 100: the provider kubernetes splits by the number of pods, and stable keeps its own. Leave the last step out; promotion takes everything to the new template anyway.',
      ],
    ],
  ])('answers to %s', (_case, provider, weights, problems) =>
    expect(checkPolicy(provider, weights.map(percent)).map(sentence)).toEqual(problems),
  );
});

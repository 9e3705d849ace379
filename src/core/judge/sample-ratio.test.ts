import { describe, expect, it, test } from '@jest/globals';
import vectors from '../../../test/fixtures/judge/sample-ratio.json' with { type: 'json' };
import { logBeta, logGamma, ratioEvidence, splitSeen, type ServedAt } from './sample-ratio.ts';

type Block = { readonly n: number; readonly m: number; readonly w: number; readonly step: number };
type Input = { readonly x?: number; readonly a?: number; readonly b?: number; readonly blocks?: readonly Block[] };

/** Requests of a step are counted together. */
const steps = (blocks: readonly Block[]): readonly ServedAt[] =>
  [...Map.groupBy(blocks, ({ step }) => step).values()].map((of) => ({
    weight: 100 * (of[0]?.w ?? 0),
    canary: of.reduce((sum, { n }) => sum + n, 0),
    stable: of.reduce((sum, { m }) => sum + m, 0),
  }));

const computed = (kind: string, { x = 0, a = 0, b = 0, blocks = [] }: Input): number => {
  if (kind === 'lgamma') return logGamma(x);
  return kind === 'lbeta' ? logBeta(a, b) : ratioEvidence(steps(blocks));
};

describe('the numbers of the reference', () =>
  test.each(vectors.map(({ id, kind, input, expected }) => [id, kind, input as Input, expected] as const))(
    '%s',
    (_id, kind, input, expected) => {
      const error = Math.abs(computed(kind, input) - expected);
      expect(error).toBeLessThanOrEqual(Math.max(1e-8, 1e-9 * Math.abs(expected)));
    },
  ));

const at = (weight: number, canary: number, stable: number): ServedAt => ({ weight, canary, stable });

describe('whether a split is seen', () => {
  it.each([
    ['half of the requests at 50 %', at(50, 500, 500), 'seen'],
    ['a share within a quarter of the weight, however many', at(20, 16_000, 84_000), 'seen'],
    ['a share within two points of a small weight', at(1, 290, 9710), 'seen'],
    ['a share far from the weight, of few', at(50, 3, 12), 'seen'],
    ['a share far from the weight, of many', at(50, 125, 875), 'unseen'],
    ['everything on the canary', at(5, 1000, 0), 'unseen'],
    ['none of many', at(5, 0, 7200), 'unseen'],
    ['none of 134 at 5 %, which happens once in a thousand', at(5, 0, 134), 'unknown'],
    ['none of 135 at 5 %', at(5, 0, 135), 'unseen'],
    ['none of ten at 50 %', at(50, 0, 10), 'unseen'],
    ['none of one', at(50, 0, 1), 'unknown'],
    ['no request at all', at(50, 0, 0), 'seen'],
    ['requests to stable alone at weight 0', at(0, 0, 5000), 'seen'],
    ['nearly everything at 100 %', at(100, 990, 10), 'seen'],
    ['half at 100 %', at(100, 500, 500), 'unseen'],
  ])('%s', (_case, step, expected) => expect(splitSeen([], step, 'ratio')).toBe(expected));

  it('is only whether the canary gets anything, where pods make the split', () =>
    expect([splitSeen([], at(50, 10, 990), 'none'), splitSeen([], at(50, 0, 990), 'none')]).toEqual([
      'seen',
      'unseen',
    ]));

  it('counts the steps before', () =>
    expect([splitSeen([], at(20, 9, 91), 'ratio'), splitSeen([at(10, 60, 940)], at(20, 9, 91), 'ratio')]).toEqual([
      'seen',
      'unseen',
    ]));
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { percent } from '../values/percent.ts';
import { canaryUnits, splitWeights } from './split-weights.ts';

describe('canaryUnits', () => {
  it.each([
    ['a percent of a hundred is itself', 100, 7, 7],
    ['nothing is nothing', 100, 0, 0],
    ['everything is everything', 37, 100, 37],
    ['1 % of a hundred is a unit', 100, 1, 1],
    ['half units round up', 150, 1, 2],
    ['below half a unit is nothing', 49, 1, 0],
    ['stable keeps a unit below 100 %', 10, 99, 9],
    ['a single unit stays with stable', 1, 99, 0],
    ['a single unit moves at 100 %', 1, 100, 1],
    ['no units, no split', 0, 50, 0],
  ])('%s', (_rule, total, share, units) => expect(canaryUnits(total, percent(share))).toBe(units));
});

describe('splitWeights', () => {
  it.each([
    ['one destination', [100], 5, [95], [5]],
    ['several, evenly', [50, 50], 10, [45, 45], [5, 5]],
    ['the odd unit goes to the largest remainder', [33, 67], 10, [30, 60], [3, 7]],
    ['the first of equal remainders gets it', [50, 50], 1, [49, 50], [1, 0]],
    ['a destination without weight gives nothing', [0, 100], 5, [0, 95], [0, 5]],
    ['nothing at all', [0, 0], 50, [0, 0], [0, 0]],
    ['all of it', [40, 60], 100, [0, 0], [40, 60]],
    [
      'the largest weights an int32 can hold',
      [2147483647, 2147483647],
      50,
      [1073741823, 1073741824],
      [1073741824, 1073741823],
    ],
  ])('%s', (_case, weights, share, ...[stable, canary]) =>
    expect(splitWeights(weights, percent(share))).toEqual({ stable, canary }),
  );

  const weights = fc.array(fc.nat({ max: 100_000 }), { maxLength: 6 });
  const shares = fc.integer({ min: 0, max: 100 }).map(percent);

  it('takes whole units from each destination and none that it does not have', () => {
    fc.assert(
      fc.property(weights, shares, (list, share) => {
        const { stable, canary } = splitWeights(list, share);
        for (const [index, weight] of list.entries()) {
          expect(stable[index]! + canary[index]!).toBe(weight);
          expect(stable[index]).toBeGreaterThanOrEqual(0);
          expect(canary[index]).toBeGreaterThanOrEqual(0);
        }
        const total = list.reduce((sum, weight) => sum + weight, 0);
        expect(canary.reduce((sum, weight) => sum + weight, 0)).toBe(canaryUnits(total, share));
      }),
    );
  });

  it('never lets 1 % vanish from a hundred units up, nor differ by more than half a unit from what was asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 2 ** 31 }), shares, (total, share) => {
        const units = canaryUnits(total, share);
        expect(units > 0).toBe(share > 0);
        expect(units < total).toBe(share < 100);
        expect(Math.abs(units - (total * share) / 100)).toBeLessThanOrEqual(share > 99 ? 0 : 1);
      }),
    );
  });

  it('gives every destination its due to within a unit', () => {
    fc.assert(
      fc.property(weights, shares, (list, share) => {
        const total = list.reduce((sum, weight) => sum + weight, 0);
        fc.pre(total > 0);
        const units = canaryUnits(total, share);
        for (const [index, part] of splitWeights(list, share).canary.entries())
          expect(Math.abs(part - (list[index]! * units) / total)).toBeLessThan(1);
      }),
    );
  });
});

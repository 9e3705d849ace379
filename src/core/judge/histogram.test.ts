import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Increment } from './increments.ts';
import { quantileOf, sumHistograms } from './histogram.ts';

const of = (pod: string, upTo: Readonly<Record<string, number>>): readonly Increment[] =>
  Object.entries(upTo).map(([le, by]) => ({ labels: { pod, le }, by }));

describe('the sum of histograms', () => {
  it('is taken at the bounds all have: at others some requests would be missing', () => {
    const grown = [...of('old', { 100: 5, 200: 8, '+Inf': 10 }), ...of('new', { 50: 1, 100: 2, 400: 9, '+Inf': 10 })];
    expect(sumHistograms(grown)).toEqual({ bounds: [100], below: [7], total: 20 });
  });

  it('reads 1 and 1.0 as the same bound', () => {
    const grown = [...of('a', { 1: 5, '+Inf': 5 }), ...of('b', { '1.0': 3, '+Inf': 4 })];
    expect(sumHistograms(grown)).toEqual({ bounds: [1], below: [8], total: 9 });
  });

  it('gives series that did not grow no say in the bounds', () => {
    const grown = [...of('a', { 1: 5, 2: 6, '+Inf': 6 }), ...of('b', { 7: 0, '+Inf': 0 })];
    expect(sumHistograms(grown)).toEqual({ bounds: [1, 2], below: [5, 6], total: 6 });
  });

  it('keeps to the bounds it is told', () =>
    expect(sumHistograms(of('a', { 1: 5, 2: 6, '+Inf': 6 }), [2, 3])).toEqual({ bounds: [2], below: [6], total: 6 }));

  it('rises even where a scrape caught the buckets between two requests', () =>
    expect(sumHistograms(of('a', { 1: 5, 2: 4, '+Inf': 4 }))).toEqual({ bounds: [1, 2], below: [5, 5], total: 5 }));

  it('is incomplete without +Inf: nobody knows how many there were', () =>
    expect(sumHistograms(of('a', { 1: 5, 2: 6 }))).toBe('incomplete'));

  it('of nothing is empty', () => expect(sumHistograms([])).toEqual({ bounds: [], below: [], total: 0 }));
});

describe('a quantile', () => {
  const histogram = { bounds: [100, 200, 400], below: [50, 90, 98], total: 100 };
  it.each([
    [0.25, 50, 'in the first bucket, from zero'],
    [0.5, 100, 'on a bound'],
    [0.7, 150, 'inside a bucket'],
    [0.9, 200, 'on the next bound'],
    [0.94, 300, 'in the last bucket'],
  ])('%d is %d: %s', (q, value) => {
    const found = quantileOf(histogram, q);
    expect(found?.beyond).toBe(false);
    expect(found?.value).toBeCloseTo(value, 9);
  });

  it('beyond the last bound is said to be beyond it', () =>
    expect(quantileOf(histogram, 0.99)).toEqual({ value: 400, beyond: true }));

  it('keeps fractions: half a millisecond is not zero', () =>
    expect(quantileOf({ bounds: [0.5, 1], below: [100, 100], total: 100 }, 0.99)?.value).toBeCloseTo(0.495, 9));

  it('is not moved into the next bucket by floating point', () =>
    expect(quantileOf({ bounds: [1, 1000], below: [7, 100], total: 100 }, 0.07)?.value).toBeCloseTo(1, 9));

  it('skips empty buckets', () =>
    expect(quantileOf({ bounds: [1, 2, 4], below: [0, 0, 10], total: 10 }, 0.5)).toEqual({ value: 3, beyond: false }));

  it.each([
    ['without requests', { bounds: [1], below: [0], total: 0 }],
    ['without a finite bound', { bounds: [], below: [], total: 5 }],
  ])('of a histogram %s does not exist', (_case, empty) => expect(quantileOf(empty, 0.5)).toBeUndefined());

  it('never falls as q rises, and never leaves the bounds', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (inBucket, a, b) => {
          const below = inBucket.map((_, i) => inBucket.slice(0, i + 1).reduce((x, y) => x + y, 0));
          const built = { bounds: inBucket.map((_, i) => 2 ** i), below, total: below.at(-1)! };
          const [low, high] = [quantileOf(built, Math.min(a, b)), quantileOf(built, Math.max(a, b))];
          if (low === undefined || high === undefined) return built.total === 0;
          return low.value <= high.value + 1e-9 && low.value >= 0 && high.value <= built.bounds.at(-1)!;
        },
      ),
    ));
});

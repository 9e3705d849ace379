import { describe, expect, it } from '@jest/globals';
import { isDeeper, weightOf } from './extent.ts';

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i += 1) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};

describe('how deep a value is', () => {
  it.each<[string, unknown, number, boolean]>([
    ['a text is not nested', 'x', 0, false],
    ['nor is null', null, 0, false],
    ['an empty list is one level', [], 0, true],
    ['and no more', [], 1, false],
    ['so many levels', nested(100), 100, false],
    ['one more', nested(101), 100, true],
    ['the deepest of several members counts', { a: 1, b: [[]], c: {} }, 2, true],
    ['far more than the stack', nested(1_000_000), 100, true],
  ])('%s', (_case, value, levels, expected) => expect(isDeeper(value, levels)).toBe(expected));
});

describe('the weight of a value', () => {
  it.each<[string, unknown, number]>([
    ['a number', 7, 1],
    ['each member of a list', [1, 2, 3], 4],
    ['sixteen characters weigh as much as a value', 'x'.repeat(32), 3],
    ['and so do those of keys', { ['x'.repeat(16)]: null }, 3],
  ])('%s', (_case, value, expected) => expect(weightOf(value, 100)).toBe(expected));

  it('is not told past the bound, nor worked out', () => {
    const many = Array.from({ length: 1_000_000 }, () => ({}));
    expect(weightOf([1, 2, 3], 3)).toBe(Infinity);
    const start = process.cpuUsage();
    for (let i = 0; i < 1_000; i += 1) expect(weightOf(many, 10)).toBe(Infinity);
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
    expect(weightOf(nested(1_000_000), 10_000_000)).toBe(Infinity);
  });
});

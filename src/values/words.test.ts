import { describe, expect, it } from '@jest/globals';
import { plural, someOf } from './words.ts';

describe('words', () => {
  it.each([
    [0, '0 workloads'],
    [1, '1 workload'],
    [2, '2 workloads'],
  ])('%s of a thing', (count, text) => expect(plural(count, 'workload')).toBe(text));

  it.each<[readonly string[], string]>([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ])('of many names some are told: %j', (names, text) => expect(someOf(names, 3)).toBe(text));
});

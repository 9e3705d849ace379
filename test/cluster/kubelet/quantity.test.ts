import { describe, expect, it } from '@jest/globals';
import { parseQuantity } from './quantity.ts';

describe('quantities', () => {
  it.each([
    ['64Mi', 67_108_864],
    ['1.5Gi', 1_610_612_736],
    ['250m', 0.25],
    ['1e3', 1000],
    ['2E', 2e18],
    ['5', 5],
    ['much', undefined],
    ['5x', undefined],
  ])('%s', (text, expected) => expect(parseQuantity(text)).toBe(expected));
});

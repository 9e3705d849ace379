import { describe, expect, it } from '@jest/globals';
import { age, clip, span, table } from './render-text.ts';

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

describe('age', () => {
  it.each([
    [0, '0s'],
    [-5 * s, '0s'],
    [999, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [3 * m + 20 * s, '3m20s'],
    [10 * m + 59 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [5 * h + 10 * m, '5h10m'],
    [8 * h + 10 * m, '8h'],
    [47 * h, '47h'],
    [2 * d + 5 * h, '2d5h'],
    [8 * d + 5 * h, '8d'],
  ])('of %i ms is %s', (time, text) => expect(age(time)).toBe(text));
});

describe('span', () => {
  it.each([
    [0, '0s'],
    [500, '500ms'],
    [30 * s, '30s'],
    [90 * s, '1m30s'],
    [2 * h, '2h'],
    [h + 1, '1h1ms'],
  ])('of %i ms is %s', (time, text) => expect(span(time)).toBe(text));
});

describe('table', () => {
  it('aligns columns, and lets the last cell of a row be as long as it is', () =>
    expect(table([['A', 'BB', 'C'], ['aaa', 'b', 'a long one'], ['a remark that stands alone']])).toEqual([
      'A     BB   C',
      'aaa   b    a long one',
      'a remark that stands alone',
    ]));

  it('leaves no blanks at the end', () =>
    expect(
      table([
        ['a', ''],
        ['bbb', 'x'],
      ]),
    ).toEqual(['a', 'bbb   x']));
  it('of nothing is nothing', () => expect(table([])).toEqual([]));
});

describe('clip', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['abcd', 0, '…'],
  ])('%s to %i is %s', (line, columns, text) => expect(clip(line, columns)).toBe(text));
});

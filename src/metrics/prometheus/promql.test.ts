import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { literalPattern, promqlDuration, promqlString, selectorText } from './promql.ts';

describe('a selector as text', () => {
  it.each([
    ['one value', { values: ['shop'] }, 'm{a="shop"}'],
    ['several values', { values: ['web', 'web-canary'] }, 'm{a=~"web|web-canary"}'],
    ['a dot among several values', { values: ['a.b', 'c'] }, String.raw`m{a=~"a\\.b|c"}`],
    ['a pattern', { patterns: ['web-[bc]{5}'] }, 'm{a=~"web-[bc]{5}"}'],
    ['a value and a pattern', { values: ['x'], patterns: ['y+'] }, 'm{a=~"x|y+"}'],
    ['a quote, a backslash and a line break', { values: ['a"b\\c\nd'] }, String.raw`m{a="a\"b\\c\nd"}`],
  ])('%s', (_case, allowed, text) => expect(selectorText({ metric: 'm', where: { a: allowed } })).toBe(text));

  it('writes every text so that it reads back as the same text', () =>
    // PromQL strings have Go's escapes; of those that are written here JSON has the same.
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(JSON.parse(promqlString(text))).toBe(text);
      }),
    ));

  it('takes a value among several literally, whatever it is', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, other) => {
        const test = new RegExp(`^(?:${literalPattern(value)})$`, 's');
        expect([test.test(value), test.test(other)]).toEqual([true, value === other]);
      }),
    ));
});

it.each([
  ['whole seconds', 60_000, '60s'],
  ['parts of seconds', 1_500, '1500ms'],
  ['nothing', 0, '0s'],
])('a duration of %s', (_case, span, text) => expect(promqlDuration(span)).toBe(text));

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutMiddle, shownApart } from './shown-apart.ts';

const registry = 'europe-docker.example/project/samples/microservices-demo/adservice';

describe('two long texts are shown by what tells them apart', () => {
  it.each<[string, string, string, readonly [string, string]]>([
    ['short ones whole', 'web:1', 'web:2', ['web:1', 'web:2']],
    [
      'R8: a tag at the end of a long name',
      `${registry}:v0.10.1`,
      `${registry}:v0.10.2-with-a-suffix`,
      ['…/adservice:v0.10.1', '…/adservice:v0.10.2-with-a-suffix'],
    ],
    [
      'R8: digests, cut in their middle',
      `${registry}@sha256:${'1'.repeat(64)}`,
      `${registry}@sha256:${'2'.repeat(64)}`,
      ['1', '2'].map((digit) => `…/adservice@sha256:${digit.repeat(21)}…${digit.repeat(39)}`) as [string, string],
    ],
    [
      'R8: digests that differ late, with what stands before the difference',
      `${registry}@sha256:${'a'.repeat(60)}1234`,
      `${registry}@sha256:${'a'.repeat(60)}5678`,
      [`…${'a'.repeat(24)}1234`, `…${'a'.repeat(24)}5678`],
    ],
    [
      'R8: another registry with the same name behind it',
      `one.example/${'p/'.repeat(40)}web:1`,
      `two.example/${'p/'.repeat(40)}web:1`,
      ['one…', 'two…'],
    ],
  ])('%s', (_, a, b, shown) => expect(shownApart(a, b, 80)).toEqual(shown));

  it('never alike, never too long, and never without a word', () => {
    const text = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom('a', 'b', '/', ':') });
    fc.assert(
      fc.property(text, text, text, text, (start, a, b, end) => {
        const [left, right] = [start + a + end, start + b + end];
        fc.pre(left !== right);
        const [x, y] = shownApart(left, right, 80);
        expect(x).not.toBe(y);
        expect(Math.max(x.length, y.length)).toBeLessThanOrEqual(80);
      }),
    );
  });
});

it('cuts in the middle, and never through a character', () => {
  expect(cutMiddle('abcdefghij', 5)).toBe('ab…ij');
  expect(cutMiddle('a\nb', 5)).toBe('a b');
  expect(cutMiddle('😀'.repeat(20), 10).isWellFormed()).toBe(true);
});

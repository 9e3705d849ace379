import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { printable } from './printable.ts';

describe('printable', () => {
  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['Zoë 王', 'Zoë 王'],
    ['a\nlevel=error msg="forged"', 'a\\u{a}level=error msg="forged"'],
    ['\u001b[2Jgone', '\\u{1b}[2Jgone'],
    ['\u009b2J', '\\u{9b}2J'],
    ['evil\u202egnp.exe', 'evil\\u{202e}gnp.exe'],
    ['two\u2028lines', 'two\\u{2028}lines'],
    ['half \ud83d', 'half \\u{d83d}'],
    ['a'.repeat(300), `${'a'.repeat(256)}…`],
  ])('%j', (text, shown) => expect(printable(text)).toBe(shown));

  it('is one bounded line, and nothing changes when it is printed twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(shown.isWellFormed()).toBe(true);
        expect(printable(shown, 10_000)).toBe(shown);
      }),
    );
  });
});

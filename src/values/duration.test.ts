import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { durationText, parseDuration } from './duration.ts';

describe('durations', () => {
  it.each<[number, string]>([
    [3_600_000, '1h'],
    [5_400_000, '90m'],
    [90_000, '90s'],
    [1500, '1500ms'],
    [0, '0ms'],
  ])('%d ms are written %s', (time, text) => {
    expect(durationText(time)).toBe(text);
    expect(parseDuration(text)).toBe(time);
  });

  it('a number counts seconds', () => expect(parseDuration(90)).toBe(90_000));

  it.each(['', '5', 'h', '1d', '1m30s'])('"%s" is none', (text) =>
    expect(() => parseDuration(text)).toThrow(RangeError),
  );

  it('that a policy may hold are written back in at most six digits', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('ms', 's', 'm', 'h'), (count, unit) => {
        const time = parseDuration(`${count}${unit}`);
        expect(parseDuration(durationText(time))).toBe(time);
        expect(durationText(time)).toMatch(/^[1-9][0-9]{0,5}(ms|s|m|h)$/);
      }),
    ));
});

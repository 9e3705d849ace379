import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions } from './resource-version.ts';

test.each([
  ['9', '10', -1],
  ['10', '9', 1],
  ['123', '123', 0],
  ['99999999999999999999998', '99999999999999999999999', -1],
  ['opaque', 'opaque', 0],
  ['opaque', '12', undefined],
  ['0012', '13', undefined],
  [undefined, '13', undefined],
])('%s against %s is %s', (a, b, expected) => {
  const order = compareVersions(a, b);
  expect(order === undefined ? undefined : Math.sign(order)).toBe(expected);
});

test('the order is that of the numbers, however long', () => {
  const number = fc.bigInt({ min: 1n, max: 10n ** 30n });
  fc.assert(
    fc.property(number, number, (a, b) => {
      const expected = a < b ? -1 : a > b ? 1 : 0;
      expect(Math.sign(compareVersions(String(a), String(b)) ?? Number.NaN)).toBe(expected);
    }),
  );
});

import { describe, expect, it } from '@jest/globals';
import { counted, figure } from './figure.ts';

describe('a number for people', () => {
  it.each([
    [71.1165, [], '71.1'],
    [99.98, [], '100'],
    [99.98, [100], '99.98'],
    [98.9999999, [99], '98.9999999'],
    [99, [99], '99'],
    [12345.6, [], '12346'],
    [0, [], '0'],
    [-0.001234, [], '-0.00123'],
    [0.1 + 0.2, [0.3], '0.30000000000000004'],
  ])('%d beside %j is %s', (value, unlike, text) => expect(figure(value, unlike)).toBe(text));

  it.each([
    [1, '1 request'],
    [0, '0 requests'],
    [1.04, '1 request'],
    [12.25, '12.3 requests'],
  ])('%d of them: %s', (n, text) => expect(counted(n, 'request')).toBe(text));
});

import { describe, expect, it } from '@jest/globals';
import { aSeries } from '../../../test/support/measurements.ts';
import { lookBackAfter } from './look-back.ts';

const every = (seconds: number): ReturnType<typeof aSeries> =>
  aSeries({}, [0, 1], [seconds, 2], [2 * seconds, 3], [3 * seconds, 4]);

describe('the look-back for the next window', () => {
  it.each([
    ['a scrape a second: at least half a minute', [every(1)], 30_000],
    ['a scrape every 15 seconds: four of them and some', [every(15)], 65_000],
    ['a scrape a minute: no more than the default', [every(60)], 150_000],
    ['the slowest series decides', [every(1), every(20)], 85_000],
    ['nobody knows', [], 150_000],
    ['one point is no gap', [aSeries({}, [0, 1])], 150_000],
  ])('%s', (_case, series, expected) => {
    expect(lookBackAfter({ canary: series, stable: [] })).toBe(expected);
    expect(lookBackAfter({ canary: [], stable: series })).toBe(expected);
  });
});

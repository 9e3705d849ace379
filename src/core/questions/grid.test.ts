import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alignUp, grid } from './grid.ts';

describe('alignUp', () => {
  it.each([
    ['an instant of the grid stays', 5_000, 5_000],
    ['a millisecond later is the next instant', 5_001, 6_000],
    ['a millisecond earlier is the next instant', 4_999, 5_000],
    ['zero stays', 0, 0],
  ])('%s', (_case, at, aligned) => expect(alignUp(at)).toBe(aligned));

  it('never goes back and never waits for a whole step', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
        expect(alignUp(at) - at).toBeGreaterThanOrEqual(0);
        expect(alignUp(at) - at).toBeLessThan(grid);
        expect(alignUp(at) % grid).toBe(0);
      }),
    ));
});

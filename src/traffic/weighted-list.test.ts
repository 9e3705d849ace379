import { describe, expect, it } from '@jest/globals';
import { percent } from '../values/percent.ts';
import { estimate, isReadable, lostWeight, mergeList, splitList, stableUnits, type Arms } from './weighted-list.ts';

const arms: Arms = {
  arm: ({ to }) => (to === 'web' ? 'stable' : to === 'canary' ? 'canary' : 'other'),
  toCanary: (d) => ({ ...d, to: 'canary' }),
};
const web = (weight?: unknown) => (weight === undefined ? { to: 'web' } : { to: 'web', weight: weight as number });
const canary = (weight: number) => ({ to: 'canary', weight });
const cart = (weight: number) => ({ to: 'cart', weight });

describe('mergeList', () => {
  it.each([
    ['the weight goes back to the entry before it', [web(95), canary(5), cart(10)], undefined, [web(100), cart(10)]],
    ['an only destination gets back that it had no weight', [web(95), canary(5)], null, [web()]],
    ['or the small weight it had', [web(95), canary(5)], 1, [web(1)]],
    ['without memory its weight is written out', [web(95), canary(5)], undefined, [web(100)]],
    ['a memory is not used where a destination was added', [web(95), canary(5), cart(3)], null, [web(100), cart(3)]],
    [
      'a canary entry at the front goes to the first stable one',
      [canary(5), cart(1), web(95)],
      undefined,
      [cart(1), web(100)],
    ],
    [
      'two canary entries in a row go to the same one',
      [web(90), canary(5), canary(5), web(3)],
      undefined,
      [web(100), web(3)],
    ],
    ['a list without canary is as it was written', [web(7)], null, [web(7)]],
    ["a list of canary alone is somebody else's", [canary(5), cart(1)], undefined, [canary(5), cart(1)]],
    ['weights that are no numbers are left alone', [web('500m'), canary(5)], undefined, [web('500m'), canary(5)]],
  ])('%s', (_case, list, lost, merged) => expect(mergeList(list, arms, lost)).toEqual(merged));
});

describe('splitList', () => {
  it.each([
    ['a list without stable entries is left alone', [cart(1)], 50, [cart(1)]],
    ['a missing weight among others is 0, so there is nothing to split', [web(), cart(1)], 50, [web(), cart(1)]],
    ['an only destination of weight 0 gets everything in truth', [web(0)], 50, [web(50), canary(50)]],
    ['an only destination keeps a large weight', [web(1000)], 1, [web(990), canary(10)]],
    ['at 0 % nothing is written', [web()], 0, [web()]],
    ['a share that rounds to nothing makes no entry', [web(10), cart(1)], 1, [web(10), cart(1)]],
  ])('%s', (_case, list, share, split) => expect(splitList(list, percent(share), arms)).toEqual(split));
});

describe('what a list says', () => {
  it.each([
    ['a negative weight', [web(-1)], false],
    ['a fraction', [web(0.5)], false],
    ['a text', [web('1')], false],
    ['no weight', [web()], true],
  ])('%s is readable or not', (_case, list, readable) => {
    expect(isReadable(list)).toBe(readable);
    expect(stableUnits(list, arms) > 0).toBe(readable);
  });

  it.each([
    ['none', [web()], null],
    ['a small one', [web(3)], 3],
    ['one that a merge can tell', [web(100)], undefined],
    ['one of several', [web(3), cart(3)], undefined],
  ])('the weight that is lost by a split: %s', (_case, list, lost) => expect(lostWeight(list)).toBe(lost));

  it.each([
    [[web(95), canary(5)], 5],
    [[web(147), canary(3), cart(9)], 2],
    [[web()], 0],
    [[web(0), canary(10)], 100],
  ])('%j seems to give the canary %d %%', (list, share) => expect(estimate(list, arms)).toBe(share));
});

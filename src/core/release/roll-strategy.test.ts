import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../values/kube-object.ts';
import { vanishesInRoll } from './roll-strategy.ts';

const rolling = (maxSurge?: Json, maxUnavailable?: Json): { [key: string]: Json } => ({
  type: 'RollingUpdate',
  rollingUpdate: {
    ...(maxSurge !== undefined && { maxSurge }),
    ...(maxUnavailable !== undefined && { maxUnavailable }),
  },
});

describe('whether stable goes away as a whole when it rolls', () => {
  it.each([
    ['Recreate', 3, { type: 'Recreate' }, true],
    ['no strategy, one replica: a surge comes first', 1, undefined, false],
    ['no strategy, four replicas', 4, undefined, false],
    ['D5: one replica without a surge', 1, rolling(0, 1), true],
    ['D5: one replica without a surge, in percent', 1, rolling('0%', '25%'), true],
    ['D5: one replica that may be unavailable, surge or not', 1, rolling(1, 1), true],
    ['D5: 100 % unavailable', 5, rolling('25%', '100%'), true],
    ['more unavailable than there are', 2, rolling(0, 3), true],
    ['one of three', 3, rolling(0, 1), false],
    ['neither surge nor unavailable: one at a time', 3, rolling(0, 0), false],
    ['99 % of three are two', 3, rolling(0, '99%'), false],
    ['nothing is there to go', 0, rolling(0, 1), false],
  ])('%s', (_name, replicas, strategy, expected) => {
    const spec = { replicas, selector: {}, template: {}, ...(strategy === undefined ? {} : { strategy }) };
    expect(vanishesInRoll({ spec })).toBe(expected);
  });
});

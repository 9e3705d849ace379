import { describe, expect, test } from '@jest/globals';
import {
  aWorkload,
  begin,
  facts,
  movedOn,
  pristine,
  stepped,
  then,
  v2,
  v3,
  withWeight,
  type Moment,
} from '../../../test/support/release-facts.ts';
import type { Facts } from './facts.ts';
import { initialStatus } from './step.ts';

/** What another release has made: a canary that carries half of the traffic. */
const others: Partial<Facts> = {
  canary: { templateHash: v2, replicas: 2, ready: 2 },
  canaryGone: false,
  route: { ...pristine, observed: withWeight(50), pristine: false },
};

/** Release web-2 waits for web-1, whose canary it is, and something changes. */
const behind = (change: Partial<Facts>): ReturnType<typeof stepped> => {
  const waits = stepped({ status: initialStatus(begin), facts: facts({ ...others, ahead: 'web-1' }) });
  expect(waits.status.message).toContain('waiting for release web-1');
  return stepped(then(waits, change));
};

describe('a release that ends while it waits for the one before', () => {
  test('ends at once, and leaves split and canary to the one before', () => {
    const { status, effects } = behind({ workload: aWorkload({ marks: { release: 'web-3' }, templateHash: v3 }) });
    expect([status.phase, effects]).toEqual(['Superseded', []]);
  });

  test('is aborted by putting the stable template back, and nothing else', () => {
    const { status, effects } = behind({ requests: [{ id: '1', verb: 'abort', by: 'ann' }] });
    expect([status.phase, effects]).toEqual(['Withdrawing', [{ do: 'put-back' }]]);
  });

  test('is skipped by taking its marks off, and nothing else', () => {
    const { status, effects } = behind({ workload: movedOn({ marks: { release: 'web-2', phase: 'Skipped' } }) });
    expect([status.phase, effects]).toEqual(['Withdrawing', [{ do: 'settle' }]]);
  });

  test('takes down what there is when nobody is before it: a Release that was deleted may have left it', () => {
    const workload = aWorkload({ marks: { release: 'web-3' }, templateHash: v3 });
    const alone: Moment = { status: initialStatus(begin), facts: facts({ ...others, workload }) };
    const ended = stepped(alone);
    expect([ended.status.phase, ended.effects]).toEqual(['Withdrawing', [{ do: 'restore-routes' }]]);
    expect(stepped(then(ended, { route: pristine }, 60_000)).effects).toEqual([
      { do: 'restore-routes' },
      { do: 'remove-canary' },
    ]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { v3, World } from '../../../test/support/release-world.ts';
import { step } from './step.ts';

/** Release web-2 waits for web-1, whose canary still carries half of the traffic, and the workload changes again. */
const behind = (change: Partial<World['workload']>, more: object = {}) => {
  const w = new World();
  w.canary = { replicas: 2, ready: 2 };
  w.share = 50;
  const facts = w.facts({ ahead: 'web-1', canaryGone: false });
  const waits = step(w.status, facts).status;
  expect(waits.message).toContain('waiting for release web-1');
  return step(waits, { ...facts, ...more, workload: { ...facts.workload, ...change } });
};

describe('a release that ends while it waits for the one before', () => {
  test('ends at once, and leaves split and canary to the one before', () => {
    const { status, effects } = behind({ marks: { release: 'web-3' }, templateHash: v3 });
    expect([status.phase, effects]).toEqual(['Superseded', []]);
  });

  test('is aborted by putting the stable template back, and nothing else', () => {
    const { status, effects } = behind({}, { requests: [{ id: '1', verb: 'abort', by: 'ann' }] });
    expect([status.phase, effects]).toEqual(['Withdrawing', [{ do: 'put-back' }]]);
  });

  test('is skipped by taking its marks off, and nothing else', () => {
    const { status, effects } = behind({ marks: { release: 'web-2', phase: 'Skipped' }, paused: false });
    expect([status.phase, effects]).toEqual(['Withdrawing', [{ do: 'settle' }]]);
  });

  test('takes down what there is when nobody is before it: a Release that was deleted may have left it', () => {
    const w = new World();
    w.canary = { replicas: 2, ready: 2 };
    w.share = 50;
    Object.assign(w.workload, { marks: { release: 'web-3' }, templateHash: v3 });
    w.run(60);
    expect([w.status.phase, w.share, w.canary]).toEqual(['Superseded', 'unknown', undefined]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { forgetsRestarts, isRestarted, restartDelay } from './restart.ts';
import { viewBefore } from './restored-view.ts';
import { aContainer } from './test-support.ts';

const at = Date.parse('2026-01-01T00:00:00Z');

describe('restarts', () => {
  it.each([
    [0, 0],
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
    [5, 160_000],
    [6, 300_000],
    [60, 300_000],
  ])('after %i in a row the next waits %i ms, as on a real node', (restarts, expected) =>
    expect(restartDelay(restarts, 10_000)).toBe(expected),
  );

  it('are forgotten after ten minutes of a real node', () =>
    expect([599_999, 600_000].map((ran) => forgetsRestarts(ran, 10_000))).toEqual([false, true]));

  it.each([
    ['Always', 0, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 1, false],
  ])('policy %s, exit code %i', (policy, code, expected) => expect(isRestarted(policy, code)).toBe(expected));

  it.each([
    ['a container that ran', 'Always', { running: {} }, ['waiting', 3, 137]],
    ['one that ran once and for all', 'Never', { running: {} }, ['terminated', 2, undefined]],
    ['one that had ended well', 'OnFailure', { terminated: { exitCode: 0 } }, ['terminated', 2, undefined]],
    ['one that had failed', 'OnFailure', { terminated: { exitCode: 5 } }, ['waiting', 3, 5]],
  ])('of the kubelet: %s', (_case, policy, state, expected) => {
    const status = { containerStatuses: [{ name: 'web', restartCount: 2, state }] };
    const restored = viewBefore({ container: aContainer(), kind: 'main', policy, status }, at);
    expect([restored?.state.kind, restored?.restartCount, restored?.last?.exitCode]).toEqual(expected);
  });

  it('of the kubelet leave a container alone that never ran', () => {
    const status = { containerStatuses: [{ name: 'web', restartCount: 0, state: { waiting: {} } }] };
    expect(viewBefore({ container: aContainer(), kind: 'main', policy: 'Always', status }, at)).toBeUndefined();
  });
});

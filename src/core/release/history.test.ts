import { describe, expect, test } from '@jest/globals';
import { mostHistory, type ReleaseStatus } from '../../schema/release.ts';
import { untold, withHistory } from './history.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const pending: ReleaseStatus = { phase: 'Pending' };
const preparing: ReleaseStatus = { phase: 'Preparing', message: 'starting the canary' };

describe('the history of a release', () => {
  test('is written with what has happened', () => {
    const { history } = withHistory(pending, preparing, { now, told: 0 });
    expect(history).toEqual([
      expect.objectContaining({ seq: 1, reason: 'ReleaseStarted', at: '2026-01-01T00:00:00.000Z' }),
    ]);
  });

  test('stays as it is where nothing is worth telling', () =>
    expect(withHistory(preparing, preparing, { now, told: 3 })).toBe(preparing));

  test('counts on, and forgets the oldest', () => {
    let status = preparing;
    for (let step = 1; step <= mostHistory + 5; step += 1) {
      const after: ReleaseStatus = { ...status, phase: 'Progressing', step };
      status = withHistory(status, after, { now, told: 0 });
    }
    expect(status.history).toHaveLength(mostHistory);
    expect(status.history?.at(-1)?.seq).toBe(mostHistory + 5);
  });

  test('keeps a message short', () => {
    const failing: ReleaseStatus = { phase: 'Failing', message: 'x'.repeat(5000) };
    expect(withHistory(preparing, failing, { now, told: 0 }).history?.[0]?.message.length).toBeLessThanOrEqual(600);
  });

  test('says what is still to be told', () => {
    const status = withHistory(pending, preparing, { now, told: 0 });
    expect(untold(status, 0).map(({ seq }) => seq)).toEqual([1]);
    expect(untold(status, 1)).toEqual([]);
  });
});

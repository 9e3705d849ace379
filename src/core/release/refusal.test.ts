import { describe, expect, test } from '@jest/globals';
import type { ReleaseStatus } from '../../schema/release.ts';
import { withoutRefusal, withRefusal } from './refusal.ts';
import { eventsBetween } from './release-events.ts';

const status: ReleaseStatus = { phase: 'Promoting', message: 'promoting', weight: 50 };

describe('a refused write', () => {
  test('is told in place of the message, which comes back', () => {
    const told = withRefusal(status, 'exceeded quota');
    expect(told.message).toBe('refused by the API server, and tried again: exceeded quota');
    expect(withoutRefusal(told)).toEqual(status);
  });

  test('that is refused again does not hide the message for ever', () => {
    const again = withRefusal(withRefusal(status, 'exceeded quota'), 'not today');
    expect(again.refused).toEqual({ words: 'not today', instead: 'promoting' });
    expect(withoutRefusal(again)).toEqual(status);
  });

  test('of a release without a message leaves none', () => {
    expect(withoutRefusal(withRefusal({ phase: 'Pending' }, 'no'))).toEqual({ phase: 'Pending' });
  });

  test('is one event, however often it is tried and whatever is said', () => {
    const told = withRefusal(status, 'one');
    expect(eventsBetween(status, told)).toMatchObject([
      { type: 'Warning', reason: 'WriteRefused', note: 'one', on: 'both' },
    ]);
    expect(eventsBetween(told, withRefusal(status, 'two'))).toEqual([]);
    expect(eventsBetween(told, status)).toEqual([]);
  });
});

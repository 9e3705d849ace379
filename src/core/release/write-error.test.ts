import { describe, expect, test } from '@jest/globals';
import type { ReleaseStatus } from '../../schema/release.ts';
import { withoutWriteError, withWriteError } from './write-error.ts';

const status: ReleaseStatus = { phase: 'Preparing', message: 'starting the canary' };

describe('a write that is refused', () => {
  test('is shown in the words of whoever refuses it', () =>
    expect(withWriteError(status, 'exceeded quota', 'web').message).toBe(
      'refused by the API server, and tried again: exceeded quota',
    ));

  test('leaves the status as it was once it goes through', () =>
    expect(withoutWriteError(withWriteError(status, 'exceeded quota', 'web'), 'web')).toEqual(status));

  test('that is refused in other words shows the other words', () =>
    expect(withWriteError(withWriteError(status, 'a', 'web'), 'b', 'web').lastWriteError).toEqual({ message: 'b' }));
});

import { describe, expect, test } from '@jest/globals';
import type { ReleaseStatus } from '../../schema/release.ts';
import { eventsBetween } from './release-events.ts';
import { unservedNote } from './unserved.ts';

const told = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly string[] =>
  eventsBetween(before, after).map(({ on, type, reason }) => `${on} ${type} ${reason}`);

describe('what is told', () => {
  test.each<[string, ReleaseStatus | undefined, ReleaseStatus, readonly string[]]>([
    [
      'the beginning, on the workload',
      { phase: 'Pending' },
      { phase: 'Preparing' },
      ['workload Normal ReleaseStarted'],
    ],
    [
      'a step, on the Release',
      { phase: 'Progressing', step: 1 },
      { phase: 'Progressing', step: 2, weight: 25 },
      ['release Normal WeightChanged'],
    ],
    [
      'a failed check, on both',
      { phase: 'Progressing', step: 1 },
      { phase: 'Progressing', step: 1, failures: 1, message: 'bad' },
      ['both Warning CheckFailed'],
    ],
    [
      'the decision to fail, on both',
      { phase: 'Progressing', step: 1 },
      { phase: 'Failing', step: 1, ending: { outcome: 'Failed', reason: 'ChecksFailed', message: 'bad', at: '' } },
      ['both Warning ChecksFailed'],
    ],
    ['a failed end, on both', { phase: 'Failing' }, { phase: 'Failed' }, ['both Warning ReleaseFailed']],
    [
      'a good end, on the workload',
      { phase: 'Promoting' },
      { phase: 'Succeeded' },
      ['workload Normal ReleaseSucceeded'],
    ],
    [
      'a record of a rollback, on the workload, as what it is',
      undefined,
      { phase: 'Skipped', ending: { outcome: 'Skipped', reason: 'RolledBack', message: '', at: '' } },
      ['workload Normal RolledBack'],
    ],
    ['a skip, on the workload', undefined, { phase: 'Skipped' }, ['workload Normal ReleaseSkipped']],
    [
      'what keeps it from starting, on both',
      { phase: 'Pending' },
      { phase: 'Pending', message: 'no Service' },
      ['both Warning CannotStart'],
    ],
    [
      'the same of one that could not even begin',
      undefined,
      { phase: 'Pending', message: 'cannot start: no Service' },
      ['both Warning CannotStart'],
    ],
    ['nothing of one that begins', undefined, { phase: 'Pending', message: 'accepted' }, []],
    [
      'a kind of route that is uninstalled, once, on both',
      { phase: 'Progressing', step: 1, message: '5 % of the traffic for the canary' },
      { phase: 'Progressing', step: 1, message: unservedNote('the provider smi …') },
      ['both Warning RouteKindMissing'],
    ],
    [
      'an answered request, on both',
      { phase: 'Waiting' },
      { phase: 'Waiting', acknowledged: { id: '1', verb: 'retry', result: 'refused', at: '' } },
      ['both Normal Request'],
    ],
    ['nothing where nothing changed', { phase: 'Progressing', step: 1 }, { phase: 'Progressing', step: 1 }, []],
  ])('%s', (_what, before, after, tales) => expect(told(before, after)).toEqual(tales));
});

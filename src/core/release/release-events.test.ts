import { describe, expect, test } from '@jest/globals';
import type { ReleaseStatus } from '../../schema/release.ts';
import { eventsBetween } from './release-events.ts';

const told = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly string[] =>
  eventsBetween(before, after).map(({ toldOn, type, reason }) => `${toldOn} ${type} ${reason}`);

const [earlier, later] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z'];
const entry = (reason: string, at: string): NonNullable<ReleaseStatus['history']>[number] => ({
  seq: 1,
  at,
  type: 'Warning',
  reason,
  action: 'StartCanary',
  message: 'a',
  toldOn: 'both',
});
const crashing = (stageEnteredAt: string): ReleaseStatus => ({
  phase: 'Progressing',
  stageEnteredAt,
  waiting: { reason: 'CrashLoopBackOff', message: 'exit code 1' },
});

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
      {
        phase: 'Progressing',
        step: 1,
        analyses: [{ id: 'checks', failures: 1, judgedAt: '2' }],
        waiting: { reason: 'ChecksFailed', message: 'bad' },
      },
      ['both Warning CheckFailed'],
    ],
    [
      'the decision to fail, on both',
      { phase: 'Progressing', step: 1 },
      {
        phase: 'Failing',
        step: 1,
        ending: { outcome: 'Failed', reason: 'ChecksFailed', message: 'bad', decidedAt: '' },
      },
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
      { phase: 'Skipped', ending: { outcome: 'Skipped', reason: 'RolledBack', message: '', decidedAt: '' } },
      ['workload Normal RolledBack'],
    ],
    ['a skip, on the workload', undefined, { phase: 'Skipped' }, ['workload Normal ReleaseSkipped']],
    [
      'what keeps it from starting, on both',
      { phase: 'Pending' },
      { phase: 'Pending', waiting: { reason: 'CannotStart', message: 'no Service' } },
      ['both Warning CannotStart'],
    ],
    [
      'the same of one that could not even begin',
      undefined,
      { phase: 'Pending', waiting: { reason: 'CannotStart', message: 'no Service' } },
      ['both Warning CannotStart'],
    ],
    ['nothing of one that begins', undefined, { phase: 'Pending', message: 'accepted' }, []],
    [
      'a kind of route that is uninstalled, once, on both',
      { phase: 'Progressing', step: 1, message: '5 % of the traffic for the canary' },
      { phase: 'Progressing', step: 1, waiting: { reason: 'RouteKindMissing', message: 'the provider smi …' } },
      ['both Warning RouteKindMissing'],
    ],
    [
      'an answered request, on both',
      { phase: 'Waiting' },
      { phase: 'Waiting', acknowledged: [{ id: '1', verb: 'retry', result: 'refused: no', accepted: false, at: '' }] },
      ['both Normal Request'],
    ],
    [
      'a round that holds, on both',
      { phase: 'Progressing', step: 1 },
      {
        phase: 'Progressing',
        step: 1,
        analyses: [{ id: 'checks', failures: 0, judgedAt: '2' }],
        waiting: { reason: 'ChecksInconclusive', message: 'no data' },
      },
      ['both Warning Holding'],
    ],
    [
      'C3: a round without data that may pass, which holds nothing once the release promotes',
      { phase: 'Progressing', step: 1, waiting: { reason: 'ChecksInconclusive', message: 'no data' } },
      {
        phase: 'Promoting',
        analyses: [{ id: 'checks', failures: 0, judgedAt: '3' }],
        message: 'promoting: the workload rolls to the new template',
      },
      [],
    ],
    [
      'a refused write, once, on both',
      { phase: 'Preparing' },
      { phase: 'Preparing', lastWriteError: { message: 'quota' } },
      ['both Warning WriteRefused'],
    ],
    [
      'nothing of a reason to wait whose words alone are new',
      { phase: 'Preparing', waiting: { reason: 'PodsRefused', message: 'a' } },
      { phase: 'Preparing', waiting: { reason: 'PodsRefused', message: 'b' } },
      [],
    ],
    [
      'F15: what pods wait for, on both',
      { phase: 'Preparing' },
      { phase: 'Preparing', waiting: { reason: 'ImagePullBackOff', message: 'not found' } },
      ['both Warning ImagePullBackOff'],
    ],
    [
      'F15: a start that takes its time, which is no fault',
      { phase: 'Preparing' },
      { phase: 'Preparing', waiting: { reason: 'ReadinessProbeFailing', message: 'a' } },
      ['both Normal ReadinessProbeFailing'],
    ],
    [
      'F9: a crash once in a stage, however often the pod comes back',
      { phase: 'Progressing', stageEnteredAt: earlier, history: [entry('CrashLoopBackOff', later)] },
      crashing(earlier),
      [],
    ],
    [
      'F9: a crash in another stage again',
      { phase: 'Progressing', stageEnteredAt: earlier, history: [entry('CrashLoopBackOff', earlier)] },
      crashing(later),
      ['both Warning CrashLoopBackOff'],
    ],
    ['nothing where nothing changed', { phase: 'Progressing', step: 1 }, { phase: 'Progressing', step: 1 }, []],
  ])('%s', (_what, before, after, tales) => expect(told(before, after)).toEqual(tales));
});

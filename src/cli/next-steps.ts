/** What users can do in each phase. */
import { planOf } from '../core/plan/plan-of-release.ts';
import type { Phase } from '../schema/release.ts';
import type { ReleaseView } from './release-view.ts';

/** A command and what it does, or a remark without a command. */
export type NextStep = { readonly command?: string; readonly meaning: string };

type Commands = (rest: string) => string;

const follow = (sluice: Commands): NextStep => ({ command: sluice('watch'), meaning: 'follow it until it ends' });
const abort = (sluice: Commands): NextStep => ({
  command: sluice('abort'),
  meaning: 'put the earlier version back',
});
const promote = (sluice: Commands, meaning: string): NextStep => ({ command: sluice('promote'), meaning });
const skip = (command: string): NextStep => ({ command, meaning: 'roll it out natively all the same' });

const held = ({ spec }: ReleaseView, sluice: Commands): readonly NextStep[] =>
  planOf(spec).plan.onFailure === 'revert'
    ? [
        {
          meaning:
            'The earlier version is back. Apply a version that is fixed; the same one is held when it comes back.',
        },
        { command: sluice('retry'), meaning: 'try the same version again, once it has come back' },
      ]
    : [
        { meaning: 'The earlier version serves. Apply a version that is fixed, or the earlier one to end this.' },
        { command: sluice('retry'), meaning: 'try the same version again' },
        abort(sluice),
        skip(`${sluice('skip')} --reason WHY`),
      ];

const steps: Readonly<Record<Phase, (release: ReleaseView, sluice: Commands, rollout: string) => readonly NextStep[]>> =
  {
    Pending: (_release, sluice) => [follow(sluice), abort(sluice)],
    Preparing: (_release, sluice) => [follow(sluice), abort(sluice)],
    Progressing: (_release, sluice) => [
      follow(sluice),
      promote(sluice, 'leave out the steps that remain'),
      abort(sluice),
    ],
    Waiting: (_release, sluice) => [promote(sluice, 'approve'), abort(sluice)],
    Promoting: (_release, sluice) => [follow(sluice), { meaning: 'To go back, apply the earlier version.' }],
    Failing: (_release, sluice) => [follow(sluice)],
    Withdrawing: (_release, sluice) => [follow(sluice)],
    Succeeded: () => [],
    Failed: held,
    Aborted: (_release, sluice) => [
      {
        meaning:
          'The earlier version is back. What is in Git may still be the aborted one: it is held when it comes back.',
      },
      { command: sluice('retry'), meaning: 'try the same version again, once it has come back' },
    ],
    Superseded: (_release, sluice) => [{ command: sluice('status'), meaning: 'the release that came after it' }],
    Skipped: (_release, _sluice, rollout) => [{ command: rollout, meaning: 'follow the native rollout' }],
    Bypassed: (_release, _sluice, rollout) => [{ command: rollout, meaning: 'follow the native rollout' }],
  };

export const nextSteps = (release: ReleaseView): readonly NextStep[] => {
  const workload = release.spec.workload.name;
  const where = release.namespace === '' ? '' : ` -n ${release.namespace}`;
  const sluice: Commands = (verb) => `kubectl sluice ${verb} ${workload}${where}`;
  return steps[release.status.phase](release, sluice, `kubectl rollout status deployment/${workload}${where}`);
};

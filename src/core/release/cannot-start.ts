/** The end of a release that could not start before its deadline. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Problem } from '../../values/problem.ts';
import type { Facts } from './facts.ts';
import { problemsText } from './problem-text.ts';
import { endWith } from './state.ts';

export const cannotStart = (status: ReleaseStatus, facts: Facts, problems: readonly Problem[]): ReleaseStatus => {
  const message = `${problemsText(problems)} Once that is done: kubectl sluice retry ${facts.release.spec.workload.name}`;
  return endWith(status, facts, { outcome: 'Failed', reason: 'CannotStart', message });
};

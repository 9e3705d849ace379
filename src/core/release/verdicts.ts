/** What the checks of a release have said, over all its analyses. */
import type { CheckResult, ReleaseStatus } from '../../schema/release.ts';

/** The latest verdict of each check. */
export const latestChecks = ({ analyses = [] }: ReleaseStatus): readonly CheckResult[] =>
  analyses.flatMap(({ checks = [] }) => checks);

/** Failed rounds so far; undefined before the first round. */
export const failuresOf = ({ analyses }: ReleaseStatus): number | undefined =>
  analyses?.reduce((sum, { failures }) => sum + failures, 0);

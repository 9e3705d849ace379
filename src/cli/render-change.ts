/** The differences between two states of a release, as the lines that `watch` appends when it is not on a terminal. */
import type { CheckResult, ReleaseStatus } from '../schema/release.ts';
import { latestChecks } from '../core/release/verdicts.ts';
import { weightOf } from './release-view.ts';
import { verdictText } from './render-text.ts';

const place = (status: ReleaseStatus): string => {
  const weight = weightOf(status);
  return [status.phase, status.stepLabel, weight === undefined ? undefined : `${weight} %`]
    .filter((part) => part !== undefined)
    .join(' ');
};

const headline = (status: ReleaseStatus): string =>
  status.message === undefined ? place(status) : `${place(status)}: ${status.message}`;

const known = (before: ReleaseStatus | undefined, result: CheckResult): boolean =>
  (before === undefined ? [] : latestChecks(before)).some(({ name, at }) => name === result.name && at === result.at);

const readiness = ({ canary }: ReleaseStatus): string | undefined =>
  canary === undefined ? undefined : `canary: ${canary.ready} of ${canary.replicas} pods ready`;

/** Lines without line breaks or time stamps; empty if nothing relevant has changed. */
export const renderChange = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly string[] => {
  const verdicts = latestChecks(after)
    .filter((result) => !known(before, result))
    .map((result) => `check ${result.call}: ${verdictText(result)}`);
  const now = headline(after);
  const moved = before === undefined || headline(before) !== now ? [now] : [];
  const ready = readiness(after);
  const pods = ready === undefined || (before !== undefined && readiness(before) === ready) ? [] : [ready];
  return [...verdicts, ...moved, ...pods];
};

/** What is new between two states of a release: the lines that `watch` appends where nothing can be drawn over. */
import type { CheckResult, ReleaseStatus } from '../schema/release.ts';

const place = (status: ReleaseStatus): string =>
  [status.phase, status.stepLabel, status.weight === undefined ? undefined : `${status.weight} %`]
    .filter((part) => part !== undefined)
    .join(' ');

const headline = (status: ReleaseStatus): string =>
  status.message === undefined ? place(status) : `${place(status)}: ${status.message}`;

const known = (before: ReleaseStatus | undefined, result: CheckResult): boolean =>
  (before?.checks ?? []).some(({ name, at }) => name === result.name && at === result.at);

const readiness = ({ canary }: ReleaseStatus): string | undefined =>
  canary === undefined ? undefined : `canary: ${canary.ready} of ${canary.replicas} pods ready`;

/** Lines without line breaks and without a time; empty when nothing a person cares about has changed. */
export const renderChange = (before: ReleaseStatus | undefined, after: ReleaseStatus): readonly string[] => {
  const verdicts = (after.checks ?? [])
    .filter((result) => !known(before, result))
    .map(({ name, call, because }) => `check ${name}: ${call}, ${because}`);
  const now = headline(after);
  const moved = before === undefined || headline(before) !== now ? [now] : [];
  const ready = readiness(after);
  const pods = ready === undefined || (before !== undefined && readiness(before) === ready) ? [] : [ready];
  return [...verdicts, ...moved, ...pods];
};

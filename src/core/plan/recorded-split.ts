/** A split as recorded in a Release: durations are texts. */
import type { RecordedSplit } from '../../schema/plan.ts';
import { durationText, parseDuration } from '../../values/duration.ts';
import { percent } from '../../values/percent.ts';
import type { Match, Split } from '../../values/split.ts';

type RecordedMatch = NonNullable<RecordedSplit['match']>[number];

const recordMatch = ({ headers, cookies, query, sourceLabels }: Match): RecordedMatch => ({
  ...(headers === undefined ? {} : { headers: { ...headers } }),
  ...(cookies === undefined ? {} : { cookies: { ...cookies } }),
  ...(query === undefined ? {} : { query: { ...query } }),
  ...(sourceLabels === undefined ? {} : { sourceLabels }),
});

/** Converts a split to the form used in the plan and the status of a Release. */
export const recordSplit = ({ weight, match, mirror, sticky }: Split): RecordedSplit => ({
  weight,
  ...(match === undefined ? {} : { match: match.map(recordMatch) }),
  ...(mirror === undefined ? {} : { mirror }),
  ...(sticky === undefined ? {} : { sticky: { cookie: sticky.cookie, ttl: durationText(sticky.ttl) } }),
});

/** The inverse of `recordSplit`. */
export const readSplit = ({ weight, match, mirror, sticky }: RecordedSplit): Split => ({
  weight: percent(weight),
  ...(match === undefined ? {} : { match }),
  ...(mirror === undefined ? {} : { mirror: percent(mirror) }),
  ...(sticky === undefined ? {} : { sticky: { cookie: sticky.cookie, ttl: parseDuration(sticky.ttl) } }),
});

/**
 * Instants of a status that are in the future: the clock they were written by is not the one of now. What they began
 * begins anew, since nobody can say how long it has lasted; it neither counts as over nor waits for its old time to come.
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import { withStatus } from './state.ts';

/** Two controllers estimate the API server's clock a little differently. */
const tolerance: Milliseconds = 5000;

const beginnings = [
  'phaseEnteredAt',
  'stageEnteredAt',
  'canaryReadyAt',
  'splitInPlaceAt',
  'canaryShortSince',
  'rolledAt',
  'routesRestoredAt',
] as const satisfies readonly (keyof ReleaseStatus)[];

/** The status itself where no instant is in the future. */
export const withoutFuture = (status: ReleaseStatus, now: Instant): ReleaseStatus => {
  const isFuture = (text: string | undefined): text is string => (fromRfc3339(text) ?? 0) > now + tolerance;
  const past = (text: string): string => (isFuture(text) ? toRfc3339(now) : text);
  const { ending, canaryFlaps, analyses = [] } = status;
  const own = beginnings.flatMap((field) => (isFuture(status[field]) ? [[field, toRfc3339(now)] as const] : []));
  const nested = [ending?.decidedAt, ending?.withdrawnAt, canaryFlaps?.until, ...analyses.map((one) => one.judgedAt)];
  if (own.length === 0 && !nested.some(isFuture)) return status;
  return withStatus(status, {
    ...Object.fromEntries(own),
    ...(ending && {
      ending: {
        ...ending,
        decidedAt: past(ending.decidedAt),
        ...(ending.withdrawnAt !== undefined && { withdrawnAt: past(ending.withdrawnAt) }),
      },
    }),
    ...(canaryFlaps && { canaryFlaps: { ...canaryFlaps, until: past(canaryFlaps.until) } }),
    ...(status.analyses && {
      analyses: analyses.map((one) => (one.judgedAt === undefined ? one : { ...one, judgedAt: past(one.judgedAt) })),
    }),
  });
};

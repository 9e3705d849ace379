/**
 * The history of a release, written together with the status that it explains. Events, logs and notifications are made
 * from it, so nothing is lost if the controller stops between the write and the notification.
 */
import { mostHistory, type HistoryEntry, type ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import { eventsBetween } from './release-events.ts';
import { withStatus } from './state.ts';

const longestMessage = 600;

const cut = (text: string): string => (text.length <= longestMessage ? text : `${text.slice(0, longestMessage - 1)}…`);

const lastSeq = ({ history }: ReleaseStatus): number => history?.at(-1)?.seq ?? 0;

/** Adds to the history of `after` what is new since `before`. `told`: the `seq` of the last published entry. */
export const withHistory = (
  before: ReleaseStatus | undefined,
  after: ReleaseStatus,
  { now, told }: { readonly now: Instant; readonly told: number },
): ReleaseStatus => {
  const events = eventsBetween(before, after);
  if (events.length === 0) return after;
  const known = before?.history ?? [];
  const first = (before === undefined ? 0 : lastSeq(before)) + 1;
  const added = events.map((event, i) => ({
    ...event,
    seq: first + i,
    at: toRfc3339(now),
    message: cut(event.message),
  }));
  return withStatus(after, {
    history: [...known, ...added].slice(-mostHistory),
    historyToldThrough: told,
  });
};

/** The entries after `toldThrough`, which have not been published yet. */
export const untold = ({ history = [] }: ReleaseStatus, toldThrough: number): readonly HistoryEntry[] =>
  history.filter(({ seq }) => seq > toldThrough);

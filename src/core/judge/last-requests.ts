/** Whether an arm whose traffic was taken back still gets requests, by its counters and the stable arm's scrapes. */
import type { Instant, Milliseconds } from '../../values/time.ts';
import { requestCounts, type Measuring } from './arm-requests.ts';
import { increments, targetOf, type Increment } from './increments.ts';
import type { Series } from './series.ts';

export type LastRequests =
  /** Neither arm has a series: nobody can tell. */
  | { readonly seen: 'nothing' }
  /** Its counters stand still. */
  | { readonly seen: 'silent' }
  /** It was not scraped often enough since; `gap` is the time between two scrapes. */
  | { readonly seen: 'unseen'; readonly gap: Milliseconds }
  /** Requests a second. */
  | { readonly seen: 'sent'; readonly rate: number };

export type Withdrawal = Measuring & {
  /** When the routes were given back. */
  readonly restoredAt: Instant;
  /** When every proxy should have known. */
  readonly knownAt: Instant;
  readonly to: Instant;
};

/** Counters have to stand still for at least this long. */
const still: Milliseconds = 3_000;

/**
 * What an application counts of a pod that nobody sends to: health checks that no label tells from users. It is as much as
 * one of them a second.
 */
const idlePerSecond = 1;

type Target = { readonly series: readonly Series[]; readonly times: readonly Instant[] };

const targetsOf = (series: readonly Series[], to: Instant): readonly Target[] =>
  [...Map.groupBy(series, ({ labels }) => targetOf(labels)).values()].map((own) => {
    const times = own.flatMap(({ points }) => points.filter(([at]) => at <= to).map(([at]) => at));
    return { series: own, times: [...new Set(times)].sort((a, b) => a - b) };
  });

const gapOf = ({ times }: Target): Milliseconds => (times.at(-1) ?? 0) - (times.at(-2) ?? Infinity);

const longestGap = (targets: readonly Target[]): Milliseconds =>
  Math.max(0, ...targets.map(gapOf).filter((gap) => Number.isFinite(gap)));

type Look = { readonly from: Instant; readonly last: Instant; readonly grown: readonly Increment[] };

/** How much its counters grew between its last scrapes; undefined where there are not two of them. */
const lookAt = ({ series, times }: Target): Look | undefined => {
  const last = times.at(-1) ?? 0;
  const from = times.findLast((at) => at <= last - still);
  if (from === undefined) return undefined;
  const recent = series.map(({ labels, points }) => ({ labels, points: points.filter(([at]) => at >= from) }));
  return { from, last, grown: increments(recent, { from, to: last, since: from }) };
};

type Call = Look | 'silent' | 'unseen';

const callOf = (target: Target, withdrawal: Withdrawal): Call => {
  const look = lookAt(target);
  if (look === undefined || look.last < withdrawal.restoredAt) return 'unseen';
  const { requests } = requestCounts(look.grown, withdrawal);
  const borne = withdrawal.telemetry === 'application' ? (idlePerSecond * (look.last - look.from)) / 1000 : 0;
  if (requests <= borne) return 'silent';
  // What came in before every proxy knew says nothing.
  return look.from < withdrawal.knownAt ? 'unseen' : look;
};

const rateOf = (looks: readonly Look[], withdrawal: Withdrawal): number => {
  const { requests } = requestCounts(
    looks.flatMap(({ grown }) => grown),
    withdrawal,
  );
  return (1000 * requests) / Math.max(...looks.map(({ last, from }) => last - from));
};

/** Processes that are gone are not waited for. */
const isAlive =
  (gap: Milliseconds, to: Instant) =>
  ({ times }: Target): boolean =>
    (times.at(-1) ?? 0) >= to - 2.5 * Math.max(gap, still);

/** The canary was never asked anything, or not scraped yet: stable's scrapes say which. */
const withoutSeries = (stable: readonly Target[], gap: Milliseconds, { knownAt }: Withdrawal): LastRequests => {
  if (stable.length === 0) return { seen: 'nothing' };
  const isScraped = stable.some(({ times }) => times.filter((at) => at >= knownAt).length > 1);
  return isScraped ? { seen: 'silent' } : { seen: 'unseen', gap };
};

/** What a `success-rate` question's answer says about the canary since its traffic was taken back. */
export const lastRequests = (
  arms: { readonly canary: readonly Series[]; readonly stable: readonly Series[] },
  withdrawal: Withdrawal,
): LastRequests => {
  const [canary, stable] = [targetsOf(arms.canary, withdrawal.to), targetsOf(arms.stable, withdrawal.to)];
  const gap = longestGap([...canary, ...stable]);
  const alive = canary.filter(isAlive(gap, withdrawal.to));
  if (canary.length === 0) return withoutSeries(stable, gap, withdrawal);
  const calls = alive.map((target) => callOf(target, withdrawal));
  const sent = calls.filter((call) => typeof call !== 'string');
  if (sent.length > 0) return { seen: 'sent', rate: rateOf(sent, withdrawal) };
  return calls.includes('unseen') ? { seen: 'unseen', gap } : { seen: 'silent' };
};

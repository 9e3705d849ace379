/**
 * Counts the requests that each arm has served, comparable between arms: only requests under the current split count, and
 * arms that were observed for different lengths of time are scaled to the same length. `increments` alone does neither.
 */
import type { Check } from '../policy/policy.ts';
import type { Instant } from '../../values/time.ts';
import { countedOnce, requestCounts } from './arm-requests.ts';
import { increments, startOf, targetOf, type Increment } from './increments.ts';
import type { Series } from './series.ts';

import type { Measurement } from './verdict.ts';

/** Requests of both arms. May be fractional. */
export type Served = { readonly canary: number; readonly stable: number };

/**
 * The observed request rate of an arm, and for how many seconds it was observed. `nothing` means that the arm has no
 * series.
 */
type Seen = { readonly rate: number; readonly seconds: number } | 'nothing' | 'unseen';

/** The request counters: a counter metric, or the `+Inf` buckets of a histogram. */
const counters = (check: Check, series: readonly Series[]): readonly Series[] | undefined => {
  switch (check.kind) {
    case 'success-rate':
      return series;
    case 'duration':
      return series.filter(({ labels }) => labels['le'] === '+Inf');
    case 'query':
      return undefined;
  }
};

/** A window in which only requests under the current split count. */
type Judged = Pick<Measurement, 'from' | 'to' | 'since' | 'telemetry' | 'started' | 'probes'> & {
  /** When every proxy knew the split. */
  readonly settledAt: Instant;
};

const countOf = (grown: readonly Increment[], judged: Judged): number => requestCounts(grown, judged).requests;

const timesOf = (target: readonly Series[], to: Instant): readonly Instant[] =>
  target
    .flatMap(({ points }) => points.filter(([at, value]) => at <= to && Number.isFinite(value)).map(([at]) => at))
    .sort((a, b) => a - b);

const after = (target: readonly Series[], start: Instant): readonly Series[] =>
  target.map(({ labels, points }) => ({ labels, points: points.filter(([at]) => at >= start) }));

/**
 * A process that was scraped before the split settled is counted from its first scrape afterwards; any other process from
 * its start.
 */
const ofTarget = (target: readonly Series[], judged: Judged): { readonly by: number; readonly seconds: number } => {
  const times = timesOf(target, judged.to);
  const isNew = !times.some((at) => at < judged.settledAt);
  const window = isNew ? judged : { ...judged, started: new Map<string, Instant>() };
  const grown = increments(isNew ? target : after(target, judged.settledAt), window);
  const seen = times.filter((at) => at >= judged.settledAt);
  const before = seen.findLast((at) => at <= judged.from);
  const begun = startOf(target, judged.started) ?? -Infinity;
  const fromZero = before === undefined && isNew && begun > judged.since;
  const begin = fromZero ? Math.max(judged.from, judged.settledAt) : (before ?? seen[0] ?? judged.to);
  return { by: countOf(grown, judged), seconds: ((seen.at(-1) ?? begin) - begin) / 1000 };
};

const seenOf = (series: readonly Series[], judged: Judged): Seen => {
  if (series.length === 0) return 'nothing';
  const once = countedOnce(series, judged);
  const targets = [...Map.groupBy(once, ({ labels }) => targetOf(labels)).values()]
    .map((target) => ofTarget(target, judged))
    .filter(({ seconds }) => seconds > 0);
  if (targets.length === 0) return 'unseen';
  const rate = targets.reduce((sum, { by, seconds }) => sum + by / seconds, 0);
  return { rate, seconds: Math.max(...targets.map(({ seconds }) => seconds)) };
};

/**
 * Requests of both arms in the window since the split settled. Undefined if unknown: the check counts no requests, or an
 * arm has fewer than two points. A canary without series has served nothing; a stable without series is not measured, so no
 * comparison is possible.
 */
export const servedRequests = (check: Check, measured: Measurement, settledAt: Instant): Served | undefined => {
  const [canary, stable] = [counters(check, measured.canary), counters(check, measured.stable)];
  if (canary === undefined || stable === undefined) return undefined;
  const judged: Judged = { ...measured, settledAt };
  const [ofCanary, ofStable] = [seenOf(canary, judged), seenOf(stable, judged)];
  if (typeof ofStable === 'string' || ofCanary === 'unseen') return undefined;
  if (ofCanary === 'nothing') return { canary: 0, stable: ofStable.rate * ofStable.seconds };
  const seconds = Math.min(ofCanary.seconds, ofStable.seconds);
  return { canary: ofCanary.rate * seconds, stable: ofStable.rate * seconds };
};

/** Requests of both arms in the whole window, as the check itself counts them; undefined for a check that counts none. */
export const windowRequests = (check: Check, measured: Measurement): Served | undefined => {
  const [canary, stable] = [counters(check, measured.canary), counters(check, measured.stable)];
  if (canary === undefined || stable === undefined) return undefined;
  const judged: Judged = { ...measured, settledAt: measured.from };
  return {
    canary: countOf(increments(canary, measured), judged),
    stable: countOf(increments(stable, measured), judged),
  };
};

/**
 * Computes counter increments, with restarts handled per process. Unlike rate() and increase(), it neither extrapolates nor
 * loses first samples.
 */
import type { Labels } from '../../values/kube-object.ts';
import type { Instant, Milliseconds } from '../../values/time.ts';
import type { Series } from './series.ts';
import { targetLabels } from './telemetry.ts';

/** How much one counter grew in a window. */
export type Increment = { readonly labels: Labels; readonly by: number };

export type CounterWindow = {
  /** Increments whose later point is in (from, to] count: windows that follow each other neither overlap nor lose any. */
  readonly from: Instant;
  readonly to: Instant;
  /** Points reach back to here. */
  readonly since: Instant;
  /** When each pod started, by pod name. */
  readonly started?: ReadonlyMap<string, Instant>;
};

/**
 * Points this close belong to one scrape. Prometheus gives them one timestamp, but exporters that set timestamps themselves
 * may not.
 */
const scrapeSpread: Milliseconds = 500;

type Scrape = { readonly at: Instant; readonly values: Map<Series, number> };

/** The process a series comes from, as a key. */
export const targetOf = (labels: Labels): string => JSON.stringify(targetLabels.map((name) => labels[name] ?? ''));

/** When the target was last scraped before the window, with the spread; nothing earlier can change what is counted in it. */
const lastScrapeBefore = (target: readonly Series[], from: Instant): Instant => {
  const times = target.map(({ points }) => points.findLast(([at, value]) => at <= from && Number.isFinite(value))?.[0]);
  return Math.max(...times.map((at) => at ?? -Infinity)) - scrapeSpread;
};

const scrapesOf = (target: readonly Series[], { from, to }: CounterWindow): readonly Scrape[] => {
  const start = lastScrapeBefore(target, from);
  const points = target
    .flatMap((series) =>
      series.points
        .filter(([at, value]) => at >= start && at <= to && Number.isFinite(value))
        .map(([at, value]) => ({ series, at, value })),
    )
    .sort((a, b) => a.at - b.at);
  const scrapes: Scrape[] = [];
  for (const { series, at, value } of points) {
    const last = scrapes.at(-1);
    if (last !== undefined && at - last.at <= scrapeSpread && !last.values.has(series)) last.values.set(series, value);
    else scrapes.push({ at, values: new Map([[series, value]]) });
  }
  return scrapes;
};

const decreased = (before: Scrape, now: Scrape): boolean =>
  [...now.values].some(([series, value]) => value < (before.values.get(series) ?? 0));

/**
 * The values that counters are compared with. After a restart this is zero for every counter of the process, not only for
 * those that fell, because a busy counter may already exceed its old value. A new process starts from zero if it is known
 * to be younger than the points; otherwise its first scrape is only a baseline.
 */
const baseline = (before: Scrape | undefined, now: Scrape, life: Life): ReadonlyMap<Series, number> | undefined => {
  if (before === undefined) return life.started !== undefined && life.started > life.since ? new Map() : undefined;
  const restarted =
    decreased(before, now) || (life.started !== undefined && before.at < life.started && life.started <= now.at);
  return restarted ? new Map() : before.values;
};

type Life = { readonly since: Instant; readonly started: Instant | undefined };

/** The earliest time at which the process of these series can have started, if known. */
export const startOf = (
  target: readonly Series[],
  started: ReadonlyMap<string, Instant> | undefined,
): Instant | undefined => started?.get(target[0]?.labels['pod'] ?? target[0]?.labels['kubernetes_pod_name'] ?? '');

const ofTarget = (target: readonly Series[], window: CounterWindow): readonly Increment[] => {
  const life: Life = { since: window.since, started: startOf(target, window.started) };
  const grown = new Map<Series, number>();
  let before: Scrape | undefined;
  for (const now of scrapesOf(target, window)) {
    const base = baseline(before, now, life);
    before = now;
    if (base === undefined || now.at <= window.from) continue;
    for (const [series, value] of now.values)
      grown.set(series, (grown.get(series) ?? 0) + value - (base.get(series) ?? 0));
  }
  return [...grown].map(([{ labels }, by]) => ({ labels, by }));
};

/**
 * How much each counter grew in the window, by these rules (per process, so that requests and errors are always treated
 * alike): a counter that appears in a known process counts from zero; when any counter falls or the container started
 * anew, all of them count from zero; a process that is gone contributes what was seen of it and nothing more. A counter
 * that is in no increment was not seen twice in time to tell.
 */
export const increments = (series: readonly Series[], window: CounterWindow): readonly Increment[] =>
  [...Map.groupBy(series, ({ labels }) => targetOf(labels)).values()].flatMap((target) => ofTarget(target, window));

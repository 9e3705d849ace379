/** Determines how far before a window raw points must be read, from the points read so far. */
import type { Milliseconds } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import type { Measured } from './answer.ts';

/**
 * A little over two scrapes at Prometheus' default interval of a minute, so that the last value before the window is
 * included.
 */
export const defaultLookBack: Milliseconds = 150_000;

/** Scrapes that may be missed in a row before a process counts as new. */
const missable = 4;
const least: Milliseconds = 30_000;

const longestGap = ({ points }: Series): Milliseconds =>
  Math.max(...points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at)), Number.NEGATIVE_INFINITY);

/**
 * The look-back that suffices for the next window over the same series: a few times the longest gap between scrapes, at
 * least 30 s and at most the default. While no series has two points, it is the default. A short look-back is cheaper: raw
 * points are most of the cost of a check, and with frequent scrapes most of them would precede the window.
 */
export const lookBackAfter = ({ canary, stable }: Pick<Measured, 'canary' | 'stable'>): Milliseconds => {
  const gap = Math.max(...[...canary, ...stable].map(longestGap), Number.NEGATIVE_INFINITY);
  return Number.isFinite(gap) ? Math.min(defaultLookBack, Math.max(least, missable * gap + 5_000)) : defaultLookBack;
};

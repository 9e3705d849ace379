/** How far before a window points must be read, learnt from what has been read. */
import type { Milliseconds } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import type { Measured } from './answer.ts';

/** Two scrapes at Prometheus' own default interval of a minute, and some: the last value before the window is among them. */
export const defaultLookBack: Milliseconds = 150_000;

/** Scrapes that may be missed in a row before a process counts as not seen before. */
const missable = 4;
const least: Milliseconds = 30_000;

const longestGap = ({ points }: Series): Milliseconds =>
  Math.max(...points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at)), Number.NEGATIVE_INFINITY);

/**
 * The look-back that is enough for the next window over the same series: a few of the longest gaps between scrapes,
 * at least 30 s and at most the default, which is also the answer as long as no series has two points. Raw points are
 * most of what a check costs, and where scrapes are frequent most of them would be from before the window.
 */
export const lookBackAfter = ({ canary, stable }: Pick<Measured, 'canary' | 'stable'>): Milliseconds => {
  const gap = Math.max(...[...canary, ...stable].map(longestGap), Number.NEGATIVE_INFINITY);
  return Number.isFinite(gap) ? Math.min(defaultLookBack, Math.max(least, missable * gap + 5_000)) : defaultLookBack;
};

/**
 * Converts windows to the time of the metric source. Releases follow the API server's clock, but points carry the
 * timestamps of the source's own clock.
 */
import type { Ask } from '../../core/questions/source-form.ts';
import type { Series } from '../../core/judge/series.ts';
import type { Milliseconds } from '../../values/time.ts';

/** The same ask for a source whose clock is `behind` ours. */
export const askedBehind = (ask: Ask, behind: Milliseconds): Ask => {
  if (behind === 0) return ask;
  return ask.shape === 'value'
    ? { ...ask, at: ask.at - behind }
    : { ...ask, from: ask.from - behind, to: ask.to - behind };
};

/** The points of the response, converted back to our time. */
export const seriesAhead = (series: readonly Series[], by: Milliseconds): readonly Series[] =>
  by === 0
    ? series
    : series.map(({ labels, points }) => ({ labels, points: points.map(([at, value]) => [at + by, value] as const) }));

/**
 * Windows in the time of the one who is asked: its points have the instants of its own clock, which may be another than
 * that of the API server, by which releases go.
 */
import type { Ask } from '../../core/questions/source-form.ts';
import type { Series } from '../../core/judge/series.ts';
import type { Milliseconds } from '../../values/time.ts';

/** The same, where the clock that is asked by is behind ours by so much. */
export const askedBehind = (ask: Ask, behind: Milliseconds): Ask => {
  if (behind === 0) return ask;
  return ask.shape === 'value'
    ? { ...ask, at: ask.at - behind }
    : { ...ask, from: ask.from - behind, to: ask.to - behind };
};

/** The points of such an answer in our time. */
export const seriesAhead = (series: readonly Series[], by: Milliseconds): readonly Series[] =>
  by === 0
    ? series
    : series.map(({ labels, points }) => ({ labels, points: points.map(([at, value]) => [at + by, value] as const) }));

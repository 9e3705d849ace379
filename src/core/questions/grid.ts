/** Windows end on a grid that all releases share, so that their questions can be asked together. */
import type { Instant, Milliseconds } from '../../values/time.ts';

/** Delays a verdict by less than this, which is far below any scrape interval. */
export const grid: Milliseconds = 1_000;

/** The first instant of the grid that is not before `at`. */
export const alignUp = (at: Instant, step: Milliseconds = grid): Instant => Math.ceil(at / step) * step;

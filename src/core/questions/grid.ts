/** A time grid shared by all releases. Windows end on it, so that questions of several releases can share queries. */
import type { Instant, Milliseconds } from '../../values/time.ts';

/** Step of the grid. A verdict is delayed by less than this, far below any scrape interval. */
export const grid: Milliseconds = 1_000;

/** The first instant of the grid at or after `at`. */
export const alignUp = (at: Instant, step: Milliseconds = grid): Instant => Math.ceil(at / step) * step;

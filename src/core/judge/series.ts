import type { Labels } from '../kube-object.ts';
import type { Instant } from '../time.ts';

/** Raw points of one time series, oldest first. Values are as the source stores them (counters stay counters). */
export type Series = { readonly labels: Labels; readonly points: readonly (readonly [Instant, number])[] };

/** `samples`: raw points of a selector over (from, to], no extrapolation. `value`: an expression evaluated at `to`. */
export type Ask = {
  readonly query: string;
  readonly shape: 'samples' | 'value';
  readonly from: Instant;
  readonly to: Instant;
};

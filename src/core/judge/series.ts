import type { Labels } from '../../values/kube-object.ts';
import type { Instant } from '../../values/time.ts';
import type { Selector } from './selector.ts';

/** Raw points of one time series, oldest first. Values are as the source stores them (counters stay counters). */
export type Series = { readonly labels: Labels; readonly points: readonly (readonly [Instant, number])[] };

/** `samples`: raw points of a selector over (from, to], no extrapolation. `value`: an expression evaluated at `to`. */
export type Ask = {
  /** Text a person can paste into the source's own console. For `samples` it is the selector without its range: that is `from` and `to`. */
  readonly query: string;
  readonly shape: 'samples' | 'value';
  readonly from: Instant;
  readonly to: Instant;
  /** What `query` says, as data, so that asks of several releases can be merged and their answers told apart. */
  readonly selector?: Selector;
};

/** What a source returned. `notes` are its own warnings (partial data, doubtful query); they end up in the verdict's sentence. */
export type Answer = { readonly series: readonly Series[]; readonly notes: readonly string[] };

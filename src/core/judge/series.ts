import type { Labels } from '../../values/kube-object.ts';
import type { Instant } from '../../values/time.ts';

/** Raw points of one time series, oldest first. Values are as the source stores them (counters stay counters). */
export type Series = { readonly labels: Labels; readonly points: readonly (readonly [Instant, number])[] };

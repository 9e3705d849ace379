/** Shorthands for how a provider uses a kind. */
import type { Gvk } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import type { Feature } from '../values/split.ts';
import type { Use } from '../ports/traffic.ts';

/** Route kind: the user's routes are split in place; where there are none, one is made. */
export const routed = (format: RouteFormat): Use => ({
  gvk: format.gvk,
  format,
  access: ['adopt', 'own'],
  needed: 'always',
});

/** Kind of objects that only Sluice makes, beside the routes. */
export const owned = (gvk: Gvk, needed: Use['needed'] = 'always'): Use => ({ gvk, access: ['own'], needed });

/** Kind of objects that Sluice only reads. */
export const seen = (gvk: Gvk, needed: Use['needed'] = 'always'): Use => ({ gvk, access: ['read'], needed });

/** What every weighted list can do. */
export const weightOnly: ReadonlySet<Feature> = new Set<Feature>(['weight']);

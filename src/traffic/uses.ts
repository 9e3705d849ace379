/** Short forms of what a provider does with a kind. */
import type { Gvk } from '../values/kube-object.ts';
import type { RouteFormat } from '../values/route-format.ts';
import type { Feature } from '../values/split.ts';
import type { Use } from '../ports/traffic.ts';

/** Routes of the user are split in place; where there are none, one is made. */
export const routed = (format: RouteFormat): Use => ({
  gvk: format.gvk,
  format,
  access: ['adopt', 'own'],
  needed: 'always',
});

/** Objects beside the routes that only Sluice makes. */
export const owned = (gvk: Gvk, needed: Use['needed'] = 'always'): Use => ({ gvk, access: ['own'], needed });

/** Objects of others that are looked at. */
export const seen = (gvk: Gvk, needed: Use['needed'] = 'always'): Use => ({ gvk, access: ['read'], needed });

/** What every weighted list can do. */
export const weightOnly: ReadonlySet<Feature> = new Set<Feature>(['weight']);

/** How many canary pods a weight needs. */

/**
 * Replicas of a canary that takes `weight` percent of the traffic of a workload with `stable` replicas.
 * Behind a route: `ceil(stable × weight / 100)`, at least 1, so that each canary pod meets no more load than a stable pod
 * met when `stable` of them carried the whole load.
 * Replica-weighted: the number whose share of all pods is nearest to the weight, at least 1; at 100 as many as stable.
 */
export const canarySize = (stable: number, weight: number, splits: 'route' | 'replicas'): number => {
  if (splits === 'route' || weight >= 100) return Math.max(1, Math.ceil((stable * weight) / 100));
  return nearest(stable, weight / 100);
};

/** Of the two whole numbers around the exact answer, the one whose share is nearer: shares are not linear in the pods. */
const nearest = (stable: number, wanted: number): number => {
  const below = Math.max(1, Math.floor((stable * wanted) / (1 - wanted)));
  const error = (pods: number): number => Math.abs(pods / (stable + pods) - wanted);
  return error(below + 1) < error(below) ? below + 1 : below;
};

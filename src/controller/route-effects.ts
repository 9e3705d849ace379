/** Makes the changes of routes that a provider wants, one by one and each guarded. */
import { refKey } from '../values/kube-object.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Change } from '../ports/traffic.ts';
import type { EffectRun } from './effect-run.ts';
import type { Route } from './route-facts.ts';

/** Resolves with whether anything has changed. */
export const applyChange = async (cluster: Cluster, change: Change): Promise<boolean> => {
  switch (change.op) {
    case 'create':
      await cluster.create(change.body, change.ref.gvk);
      return true;
    case 'replace':
      await cluster.replace(change.body, change.ref.gvk);
      return true;
    case 'remove':
      return cluster.remove(change.ref, change.uid);
  }
};

/** Changes the routes of a release. What somebody has taken over is left alone. Resolves with the number of writes. */
export const changeRoutes = async (
  { deps, gathered }: EffectRun,
  changesOf: (route: Route) => readonly Change[],
): Promise<number> => {
  const { route } = gathered;
  if (route === undefined) return 0;
  const changes = changesOf(route).filter(({ ref }) => {
    const live = route.live.get(refKey(ref));
    return live === undefined || !isTakenOver(live);
  });
  let writes = 0;
  for (const change of changes) {
    const { ref, op, because } = change;
    deps.log.debug({ route: `${ref.gvk.kind}/${ref.name}`, op, because }, 'route changes');
    if (!(await applyChange(deps.cluster, change))) continue;
    writes += 1;
    deps.metrics.trafficChange(route.provider.name, op);
  }
  return writes;
};

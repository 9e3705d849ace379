/** Carries out what a provider wants done to give routes back, where no release is there to do it for. */
import type { Cluster } from '../ports/cluster.ts';
import type { Change } from '../ports/traffic.ts';
import { applyChange } from './route-effects.ts';

/** Resolves with the number of writes. */
export const giveBack = async (cluster: Cluster, changes: readonly Change[]): Promise<number> => {
  let writes = 0;
  for (const change of changes) if (await applyChange(cluster, change)) writes += 1;
  return writes;
};

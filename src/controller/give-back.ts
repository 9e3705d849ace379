/** Applies a provider's changes that give routes back when no release exists any more. */
import type { Cluster } from '../ports/cluster.ts';
import type { Change } from '../ports/traffic.ts';
import { applyChange } from './route-effects.ts';

/** Resolves to the number of writes. */
export const giveBack = async (cluster: Cluster, changes: readonly Change[]): Promise<number> => {
  let writes = 0;
  for (const change of changes) if (await applyChange(cluster, change)) writes += 1;
  return writes;
};

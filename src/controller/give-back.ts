/** Carries out what a provider wants done to give routes back, where no release is there to do it for. */
import type { Cluster } from '../ports/cluster.ts';
import type { Change } from '../ports/traffic.ts';

/** Resolves with the number of writes. A restoration creates nothing. */
export const giveBack = async (cluster: Cluster, changes: readonly Change[]): Promise<number> => {
  for (const change of changes) {
    if (change.op === 'replace') await cluster.replace(change.body, change.ref.gvk);
    if (change.op === 'remove') await cluster.remove(change.ref, change.uid);
  }
  return changes.length;
};

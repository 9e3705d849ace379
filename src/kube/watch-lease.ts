/** What a standby hears of the lease instead of asking for it. */
import { connectCluster, type ClusterOptions } from './cluster.ts';
import { leaseKind } from './lease-record.ts';
import type { LeaseOptions } from './lease.ts';

export type LeaseWatch = Pick<LeaseOptions, 'follow'> & {
  /** Resolves when nothing is under way any more. */
  readonly stop: () => Promise<void>;
};

/** Starts at once. */
export const watchLease = (
  parts: Pick<ClusterOptions, 'api' | 'clock' | 'log'>,
  lease: Pick<LeaseOptions, 'namespace' | 'name'>,
): LeaseWatch => {
  const { namespace, name } = lease;
  const view = connectCluster({ ...parts, watch: [{ gvk: leaseKind, namespace, name }] });
  return {
    follow: (seen) => view.onChange(({ type, object }) => seen(type === 'set' ? object : undefined)),
    stop: () => view.stop(),
  };
};

/** A standby's watch of the lease, which replaces polling. */
import { connectCluster, type ClusterOptions } from './cluster.ts';
import { leaseKind } from './lease-record.ts';
import type { LeaseOptions } from './lease.ts';

export type LeaseWatch = Pick<LeaseOptions, 'follow'> & {
  /** Resolves when the watch has ended. */
  readonly stop: () => Promise<void>;
};

/** Starts watching at once. */
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

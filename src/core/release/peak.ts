/** The greatest size of the workload since the release was created: the size that the whole load may need. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Facts } from './facts.ts';

export const peakOf = ({ peakReplicas = 0 }: ReleaseStatus, { workload }: Pick<Facts, 'workload'>): number =>
  Math.max(peakReplicas, workload.replicas);

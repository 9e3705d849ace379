/** The greatest number of replicas since the release was created: the whole load may need that many. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Facts } from './facts.ts';

export const peakOf = ({ peakReplicas = 0 }: ReleaseStatus, { workload }: Pick<Facts, 'workload'>): number =>
  Math.max(peakReplicas, workload.replicas);

/** How many canary pods a release needs now, and whether it has them. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Facts } from './facts.ts';
import { peakOf } from './peak.ts';
import { carriedWeight } from './room.ts';
import { canarySize } from './size.ts';
import { wantedSplit } from './state.ts';

/** Before anything is routed the plan's `size` stage says for which weight the canary is made ready. */
const weightToCarry = (status: ReleaseStatus, { plan }: Facts): number => {
  const { weight } = wantedSplit(status);
  if (weight > 0) return weight;
  const first = plan.stages.find((stage) => stage.do === 'size');
  return first?.canary.weight ?? 0;
};

/**
 * Behind a route the canary takes load off stable, and an autoscaler that sees stable alone makes it smaller: the share of
 * the canary stays the same share of the whole load. Without a route the pods themselves are the split.
 */
const sizedBy = (status: ReleaseStatus, facts: Facts): number => {
  const { replicas } = facts.workload;
  return facts.route.splits === 'route' && replicas > 0 ? peakOf(status, facts) : replicas;
};

/** Where the Service stands in front of other workloads too, the canary gets its share of their traffic as well. */
const othersToo = ({ route }: Facts, weight: number): number =>
  route.splits === 'replicas' && weight >= 100 ? 0 : (route.shared?.replicas ?? 0);

export const sizeNow = (status: ReleaseStatus, facts: Facts): number => {
  if (status.offSince !== undefined) return 0;
  const weight = status.givenBack === undefined ? weightToCarry(status, facts) : carriedWeight(status, facts);
  if (weight === 0 && status.givenBack !== undefined) return 0;
  return canarySize(sizedBy(status, facts) + othersToo(facts, weight), weight, facts.route.splits);
};

/** Ready pods of the template this release is about. */
export const canaryReady = ({ canary, release }: Facts): number =>
  canary?.templateHash === release.spec.templateHash ? canary.ready : 0;

export const enoughReady = (status: ReleaseStatus, facts: Facts): boolean =>
  canaryReady(facts) >= sizeNow(status, facts);

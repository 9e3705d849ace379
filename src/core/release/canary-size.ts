/** How many canary pods a release needs now, and whether it has them. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Facts } from './facts.ts';
import { canarySize } from './size.ts';
import { wantedSplit } from './state.ts';

/** Before anything is routed the plan's `size` stage says for which weight the canary is made ready. */
const weightToCarry = (status: ReleaseStatus, { plan }: Facts): number => {
  const { weight } = wantedSplit(status);
  if (weight > 0) return weight;
  const first = plan.stages.find((stage) => stage.do === 'size');
  return first?.canary.weight ?? 0;
};

export const sizeNow = (status: ReleaseStatus, facts: Facts): number =>
  canarySize(facts.workload.replicas, weightToCarry(status, facts), facts.route.splits);

/** Ready pods of the template this release is about. */
export const canaryReady = ({ canary, release }: Facts): number =>
  canary?.templateHash === release.spec.templateHash ? canary.ready : 0;

export const enoughReady = (status: ReleaseStatus, facts: Facts): boolean =>
  canaryReady(facts) >= sizeNow(status, facts);

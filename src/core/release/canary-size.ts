/** How many canary pods a release needs now, and whether it has them. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { percent } from '../../values/percent.ts';
import type { Split } from '../../values/split.ts';
import type { SizeRule } from '../policy/strategy.ts';
import type { Facts } from './facts.ts';
import { peakOf } from './peak.ts';
import { carriedWeight } from './room.ts';
import { canarySize } from './size.ts';
import { wantedSplit } from './state.ts';

/**
 * The size that the plan asks for. A `size` stage applies until the next one. It is a minimum: a canary never has fewer
 * pods than its traffic needs.
 */
const floorNow = ({ stage }: ReleaseStatus, { plan: { stages } }: Facts): SizeRule => {
  const index = stages.findIndex(({ id }) => id === stage);
  const sizes = (index < 0 ? stages : stages.slice(0, index + 1)).filter((one) => one.do === 'size');
  return (index < 0 ? sizes[0] : sizes.at(-1))?.canary ?? { weight: percent(0) };
};

/**
 * The number of replicas for the whole load. Behind a route, the canary takes load off stable, and an autoscaler that
 * sees only stable scales it down. So the greatest size counts there. Without a route, the pods themselves are the split.
 */
const sizedBy = (status: ReleaseStatus, facts: Facts): number => {
  const { replicas } = facts.workload;
  return facts.route.splits === 'route' && replicas > 0 ? peakOf(status, facts) : replicas;
};

/** Replicas of other workloads behind the same Service: the canary gets its share of their traffic, too. */
const othersToo = ({ route }: Facts, weight: number): number =>
  route.splits === 'replicas' && weight >= 100 ? 0 : (route.shared?.replicas ?? 0);

/** Percent of the requests that reach the canary: its share, and the copies of what goes to stable. */
const loadOf = ({ weight, mirror = percent(0) }: Split): number => weight + (mirror * (100 - weight)) / 100;

export const sizeNow = (status: ReleaseStatus, facts: Facts): number => {
  if (status.offSince !== undefined) return 0;
  if (status.givenBack !== undefined) {
    const carried = carriedWeight(status, facts);
    return carried === 0 ? 0 : sizeFor(carried, status, facts);
  }
  const weight = loadOf(wantedSplit(status));
  const floor = floorNow(status, facts);
  if ('replicas' in floor) return Math.max(floor.replicas, sizeFor(weight, status, facts));
  return sizeFor(Math.max(weight, floor.weight), status, facts);
};

const sizeFor = (weight: number, status: ReleaseStatus, facts: Facts): number =>
  canarySize(sizedBy(status, facts) + othersToo(facts, weight), weight, facts.route.splits);

/** Ready canary pods of this release's template. */
export const canaryReady = ({ canary, release }: Facts): number =>
  canary?.templateHash === release.spec.templateHash ? canary.ready : 0;

/** Ready canary pods that can answer callers of the apex. */
export const canaryAnswering = (facts: Facts): number => (facts.canary?.ledPast === true ? 0 : canaryReady(facts));

export const enoughReady = (status: ReleaseStatus, facts: Facts): boolean =>
  canaryReady(facts) >= sizeNow(status, facts);

/**
 * No mesh: stable and canary pods stand behind the same Service, and the share of ready pods is the share of the traffic.
 * There is nothing to render; the controller's size of the canary is the split (`canarySize`).
 */
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { percent, type Percent } from '../values/percent.ts';
import type { Live, Target, TrafficProvider } from '../ports/traffic.ts';
import { canaryName } from '../schema/names.ts';
import { apexProblems } from './apex-problems.ts';

/** Share of all ready pods that the canary's are, in whole percent; at least 1 as soon as one is ready. */
export const readyShare = (stable: number, canary: number): Percent => {
  if (canary === 0) return percent(0);
  return percent(Math.max(1, Math.round((100 * canary) / (stable + canary))));
};

const deployment = (target: Target, live: Live, name: string): KubeObject | undefined =>
  [...live.values()].find((object) => isNamed(target, object, name));

const isNamed = (target: Target, { kind, metadata }: KubeObject, name: string): boolean =>
  kind === 'Deployment' && metadata.namespace === target.namespace && metadata.name === name;

const readyOf = (object: KubeObject): number => {
  const ready = object.status?.['readyReplicas'];
  return typeof ready === 'number' ? ready : 0;
};

export const kubernetes: TrafficProvider = {
  name: 'kubernetes',
  can: { splits: 'replicas', headers: false, mirror: false, granularity: 1 },
  kinds: [kinds.deployment],
  concerns: (target, object) =>
    isNamed(target, object, target.workload) || isNamed(target, object, canaryName(target.workload)),
  adopts: () => false,
  check: ({ apex }) => apexProblems(apex),
  render: () => [],
  observe: (target, live) => {
    const stable = deployment(target, live, target.workload);
    if (stable === undefined) return 'unknown';
    const canary = deployment(target, live, canaryName(target.workload));
    return { canary: canary === undefined ? percent(0) : readyShare(readyOf(stable), readyOf(canary)) };
  },
  accepted: () => ({ accepted: 'unknown', because: 'there is no route; the split is the ratio of ready pods' }),
  restore: () => [],
  keep: (_old, object) => ({ object, kept: [], gone: [], copied: [] }),
};

/**
 * The provider without a mesh: stable and canary pods stand behind the same Service, and the share of ready pods is the
 * share of the traffic. It creates no objects; the size that the controller gives the canary is the split (`canarySize`).
 */
import { refKey, type ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { noSplit } from '../values/split.ts';
import { percent, type Percent } from '../values/percent.ts';
import type { Live, Target, TrafficProvider } from '../ports/traffic.ts';
import { canaryName } from '../schema/names.ts';
import { apexProblems } from './apex-problems.ts';
import { weightOnly } from './uses.ts';

/** The canary's share of all ready pods in whole percent; at least 1 as soon as one canary pod is ready. */
export const readyShare = (stable: number, canary: number): Percent => {
  if (canary === 0) return percent(0);
  return percent(Math.max(1, Math.round((100 * canary) / (stable + canary))));
};

const deployment = ({ namespace }: Target, name: string): ObjectRef => ({ gvk: kinds.deployment, namespace, name });

/** Undefined where there is no such Deployment. */
const readyOf = (live: Live, ref: ObjectRef): number | undefined => {
  const object = live.get(refKey(ref));
  const ready = object?.status?.['readyReplicas'] ?? 0;
  return object === undefined ? undefined : Number(ready);
};

export const kubernetes: TrafficProvider = {
  can: { splits: 'replicas', features: weightOnly, granularity: 1 },
  uses: [],
  doubts:
    'connections that live long, which stay with the pods they were opened to; clients that keep their own list of pods; canary pods that Prometheus does not scrape',
  signs: () => [{ shows: 'pods', because: 'the split is made by the number of pods' }],
  preflight: ({ apex }) => apexProblems(apex),
  own: () => [],
  reads: (target) => [target.workload, canaryName(target.workload)].map((name) => deployment(target, name)),
  observe: (target, live) => {
    const stable = readyOf(live, deployment(target, target.workload));
    const canary = readyOf(live, deployment(target, canaryName(target.workload)));
    if (stable === undefined) return 'unknown';
    const others = target.behind?.others.reduce((sum, { ready }) => sum + ready, 0) ?? 0;
    return canary === undefined ? noSplit : { weight: readyShare(stable + others, canary) };
  },
};

/**
 * Looks for pods that wait for a node. Only the pods themselves say so, and Sluice does not watch them. So it lists them
 * when a roll makes no progress, and keeps the result in memory: after a restart it looks again.
 */
import type { RollLook } from '../core/release/facts.ts';
import { kinds } from '../schema/kinds.ts';
import { labels } from '../schema/names.ts';
import type { Condition, KubeObject } from '../values/kube-object.ts';
import type { EffectRun } from './effect-run.ts';
import { workloadKey } from './workload-key.ts';

/** The last result for each workload. */
export type RollLooks = Map<string, RollLook>;

const isCanarys = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.arm] === 'canary';

/** The scheduler's message about a pod for which it finds no node. */
const unschedulable = ({ status }: KubeObject): readonly string[] => {
  const conditions = (status?.['conditions'] ?? []) as readonly Condition[];
  const found = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  return found === undefined ? [] : [found.message ?? found.reason ?? 'Unschedulable'];
};

/** Looks at the workload's pods. Writes nothing, but returns 1, because the next step has a new fact. */
export const lookAtRoll = async ({ deps, gathered }: EffectRun): Promise<number> => {
  const { namespace = '', name } = gathered.workload.metadata;
  const selector = gathered.workload.spec.selector.matchLabels ?? {};
  const pods = await deps.cluster.fetchList(kinds.pod, namespace, selector);
  const [words] = pods.filter((pod) => !isCanarys(pod)).flatMap(unschedulable);
  deps.rolls.set(workloadKey(namespace, name), {
    at: gathered.facts.now,
    ...(words === undefined ? {} : { unschedulable: words }),
  });
  return 1;
};

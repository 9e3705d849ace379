/**
 * Pods that wait for a node say so themselves and nowhere else. They are not watched; when a roll stands still they are looked
 * at, and what was seen is kept in memory: a controller that has just started looks again.
 */
import type { RollLook } from '../core/release/facts.ts';
import { kinds } from '../schema/kinds.ts';
import { labels } from '../schema/names.ts';
import type { Condition, KubeObject } from '../values/kube-object.ts';
import type { EffectRun } from './effect-run.ts';
import { workloadKey } from './workload-key.ts';

/** What was seen last, by workload. */
export type RollLooks = Map<string, RollLook>;

const isCanarys = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.arm] === 'canary';

/** The scheduler's words about a pod that it finds no place for. */
const unschedulable = ({ status }: KubeObject): readonly string[] => {
  const conditions = (status?.['conditions'] ?? []) as readonly Condition[];
  const found = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  return found === undefined ? [] : [found.message ?? found.reason ?? 'Unschedulable'];
};

/** Looks at the workload's pods. Nothing is written, and there is a new fact. */
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

/** Computes the status of a Deployment. Pure. */
import type { Condition, Deployment } from '../values/kube-object.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../values/time.ts';
import { revisionOf, type OwnedSet } from './owned-sets.ts';
import { limitsOf } from './rollout.ts';

export type DeploymentStatus = NonNullable<Deployment['status']>;

/** A condition without its times. */
export type Said = Omit<Condition, 'lastTransitionTime' | 'lastUpdateTime'>;

const timedOut = 'ProgressDeadlineExceeded';
const allAvailable = 'NewReplicaSetAvailable';

const sum = (sets: readonly OwnedSet[], of: (status: NonNullable<OwnedSet['status']>) => number | undefined) =>
  sets.reduce((total, { status }) => total + (of(status ?? {}) ?? 0), 0);

export const conditionOf = ({ status }: Deployment, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

/** The conditions with `wanted` in place of the one of the same type; unchanged if both say the same. */
export const withCondition = (conditions: readonly Condition[], wanted: Said, now: Instant): readonly Condition[] => {
  const known = conditions.find(({ type }) => type === wanted.type);
  if (known?.status === wanted.status && known.reason === wanted.reason) return conditions;
  return [...without(conditions, wanted.type), stamped(wanted, known, now)];
};

const stamped = (wanted: Said, known: Condition | undefined, now: Instant): Condition => {
  const at = toRfc3339(now);
  const since = known?.status === wanted.status ? (known.lastTransitionTime ?? at) : at;
  return { ...wanted, lastUpdateTime: at, lastTransitionTime: since };
};

const without = (conditions: readonly Condition[], type: string): readonly Condition[] =>
  conditions.filter((condition) => condition.type !== type);

/** The pod counts and the Available condition. */
export const countedStatus = (
  deployment: Deployment,
  sets: readonly OwnedSet[],
  around: { readonly current: OwnedSet | undefined; readonly now: Instant },
): DeploymentStatus => {
  const { metadata, spec } = deployment;
  const desired = spec.replicas ?? 1;
  const available = sum(sets, ({ availableReplicas }) => availableReplicas);
  const wanted = sets.reduce((total, set) => total + (set.spec.replicas ?? 1), 0);
  const isEnough = available >= desired - limitsOf(spec.strategy, desired).unavailable;
  return {
    observedGeneration: metadata.generation ?? 0,
    replicas: sum(sets, ({ replicas }) => replicas),
    updatedReplicas: around.current?.status?.replicas ?? 0,
    readyReplicas: sum(sets, ({ readyReplicas }) => readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    conditions: withCondition(
      deployment.status?.conditions ?? [],
      isEnough
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
      around.now,
    ),
  };
};

export const isComplete = ({ spec }: Deployment, status: DeploymentStatus): boolean => {
  const desired = spec.replicas ?? 1;
  return (
    status.updatedReplicas === desired && status.replicas === desired && (status.availableReplicas ?? 0) >= desired
  );
};

/** The counts with the Progressing condition: complete, in progress or timed out. */
export const rolledStatus = (
  deployment: Deployment,
  sets: readonly OwnedSet[],
  around: { readonly current: OwnedSet; readonly now: Instant },
): DeploymentStatus => {
  const counted = countedStatus(deployment, sets, around);
  const conditions = withFailure(progressed(deployment, counted, around), sets, around);
  return { ...counted, conditions };
};

const progressed = (
  deployment: Deployment,
  counted: DeploymentStatus,
  { current, now }: { readonly current: OwnedSet; readonly now: Instant },
): readonly Condition[] => {
  const conditions = counted.conditions ?? [];
  const known = conditionOf(deployment, 'Progressing');
  const name = current.metadata.name;
  if (counted.replicas === counted.updatedReplicas && known?.reason === allAvailable) return conditions;
  if (isComplete(deployment, counted))
    return withCondition(
      conditions,
      progressing('True', allAvailable, `ReplicaSet "${name}" has successfully progressed.`),
      now,
    );
  if (hasProgressed(deployment.status ?? {}, counted)) {
    const wanted = progressing('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`);
    return [...without(conditions, 'Progressing'), stamped(wanted, known, now)];
  }
  const due = deadlineOf(deployment);
  return due !== undefined && now >= due
    ? withCondition(conditions, progressing('False', timedOut, `ReplicaSet "${name}" has timed out progressing.`), now)
    : conditions;
};

export const progressing = (status: Condition['status'], reason: string, message: string): Said => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

const hasProgressed = (before: DeploymentStatus, after: DeploymentStatus): boolean => {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
};

/** When a rollout without progress times out; undefined if none is in progress. */
export const deadlineOf = (deployment: Deployment): Instant | undefined => {
  const known = conditionOf(deployment, 'Progressing');
  const seconds = deployment.spec['progressDeadlineSeconds'];
  const since = fromRfc3339(known?.lastUpdateTime);
  const isOver = known?.reason === allAvailable || known?.reason === timedOut;
  if (deployment.spec.paused === true || since === undefined || isOver || typeof seconds !== 'number') return undefined;
  return since + ((seconds * 1000) satisfies Milliseconds);
};

/** Adds the ReplicaFailure condition for refused pods. */
const withFailure = (
  conditions: readonly Condition[],
  sets: readonly OwnedSet[],
  { now }: { readonly now: Instant },
): readonly Condition[] => {
  const failure = sets
    .toSorted((a, b) => revisionOf(b) - revisionOf(a))
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure === undefined) return without(conditions, 'ReplicaFailure');
  const { reason = '', message = '' } = failure;
  return withCondition(conditions, { type: 'ReplicaFailure', status: 'True', reason, message }, now);
};

/** The condition after a pause or a resume; undefined if it does not change. A failure stays. */
export const pauseCondition = (deployment: Deployment): Said | undefined => {
  const known = conditionOf(deployment, 'Progressing');
  if (known?.reason === timedOut) return undefined;
  const isPaused = deployment.spec.paused === true;
  if (isPaused === (known?.reason === 'DeploymentPaused')) return undefined;
  return isPaused
    ? progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
    : progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
};

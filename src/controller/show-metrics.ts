/** Sets the metrics of a release. Safe to repeat: an end is counted only by the reconcile that recorded it. */
import { isFinal } from '../core/release/state.ts';
import { fromRfc3339 } from '../values/time.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import type { ReleaseKey } from '../telemetry/release-metrics.ts';
import type { ControllerDependencies } from './dependencies.ts';
import type { ReleaseObject } from './gather.ts';

type Told = Pick<ControllerDependencies, 'metrics' | 'clock'>;

const keyOf = ({ object, name, spec }: ReleaseObject): ReleaseKey => ({
  namespace: object.metadata.namespace ?? '',
  workload: spec.workload.name,
  release: name,
});

/** `before` is the status that this reconcile has just replaced; undefined if it replaced none. */
export const showMetrics = (
  { metrics, clock }: Told,
  release: ReleaseObject,
  status: ReleaseStatus,
  before: ReleaseStatus | undefined,
): void => {
  const key = keyOf(release);
  if (!isFinal(status.phase)) {
    metrics.release.show(key, { phase: status.phase, weight: status.weight ?? 0, step: status.step ?? 0 });
  } else if (before !== undefined && !isFinal(before.phase)) {
    const seconds = (clock.now() - (fromRfc3339(status.startedAt) ?? clock.now())) / 1000;
    metrics.release.end(key, { outcome: status.phase, seconds });
  }
};

/** Counts the verdicts that this reconcile has just written. */
export const showChecks = ({ metrics }: Told, release: ReleaseObject, before: ReleaseStatus | undefined): void => {
  for (const { id, judgedAt, checks = [] } of release.status?.analyses ?? []) {
    if (before?.analyses?.some((one) => one.id === id && one.judgedAt === judgedAt) === true) continue;
    for (const { name, call, value } of checks)
      metrics.release.check(keyOf(release), { check: name, call, ...(value === undefined ? {} : { value }) });
  }
};

export const forgetMetrics = ({ metrics }: Told, releases: readonly ReleaseObject[]): void => {
  for (const release of releases) metrics.release.forget(keyOf(release));
};

/** Tells the metrics where a release is. Repeating it is harmless; an end is counted once, by whoever recorded it. */
import type { Round } from '../core/release/facts.ts';
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

/** `before` is the status that was replaced just now; undefined when nothing was. */
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

export const showRound = ({ metrics }: Told, release: ReleaseObject, round: Round): void => {
  for (const { name, call, value } of round.results) {
    metrics.release.check(keyOf(release), { check: name, call, ...(value === undefined ? {} : { value }) });
  }
};

export const forgetMetrics = ({ metrics }: Told, releases: readonly ReleaseObject[]): void => {
  for (const release of releases) metrics.release.forget(keyOf(release));
};

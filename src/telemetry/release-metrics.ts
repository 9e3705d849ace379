/** Metrics of running releases. Their series are removed when the release ends, which bounds memory. */
import { metricDefinitions as defined } from './metric-definitions.ts';
import type { Makers } from './metric-makers.ts';

export type ReleaseKey = { readonly namespace: string; readonly workload: string; readonly release: string };
export type ReleaseState = { readonly phase: string; readonly weight: number; readonly step: number };
export type CheckSeen = { readonly check: string; readonly call: string; readonly value?: number };

export interface ReleaseMetrics {
  /** Sets the state of a running release. Idempotent. */
  show(key: ReleaseKey, state: ReleaseState): void;
  /** Records a verdict on a check. Without a value, the check's previous value is removed. */
  check(key: ReleaseKey, seen: CheckSeen): void;
  /** Counts a release that entered a final phase and removes its series. Must be called once per release. */
  end(key: ReleaseKey, end: { readonly outcome: string; readonly seconds: number }): void;
  /** Removes the series of a release that was deleted before it ended. */
  forget(key: ReleaseKey): void;
}

/** Releases of a workload, oldest first. A superseded one may still have traffic while the next one waits. */
type Running = Map<string, RunningRelease>;
type RunningRelease = { readonly state: ReleaseState; readonly values: Map<string, number> };

const gaugesOf = ({ gauge }: Makers) => ({
  phase: gauge(defined.releasePhase),
  weight: gauge(defined.releaseWeight),
  step: gauge(defined.releaseStep),
  value: gauge(defined.checkValue),
});
type Gauges = ReturnType<typeof gaugesOf>;

const emptyRunning = (): Running => new Map<string, RunningRelease>();

type Workload = { readonly namespace: string; readonly workload: string };

const clear = (gauges: Gauges, { namespace, workload }: Workload, running: Running): void => {
  const place = { namespace, workload };
  gauges.weight.remove(place);
  gauges.step.remove(place);
  for (const { state, values } of running.values()) {
    gauges.phase.remove({ ...place, phase: state.phase });
    for (const check of values.keys()) gauges.value.remove({ ...place, check });
  }
};

const draw = (gauges: Gauges, { namespace, workload }: Workload, running: Running): void => {
  const [ahead] = running.values();
  if (ahead === undefined) return;
  const place = { namespace, workload };
  gauges.phase.set({ ...place, phase: ahead.state.phase }, 1);
  gauges.weight.set(place, ahead.state.weight);
  gauges.step.set(place, ahead.state.step);
  for (const [check, value] of ahead.values) gauges.value.set({ ...place, check }, value);
};

export const releaseMetrics = (make: Makers): ReleaseMetrics => {
  const gauges = gaugesOf(make);
  const releases = make.counter(defined.releases);
  const duration = make.histogram(defined.releaseDuration);
  const checks = make.counter(defined.checks);
  const workloads = new Map<string, Running>();

  const change = (key: ReleaseKey, edit: (running: Running) => void): void => {
    const id = `${key.namespace}/${key.workload}`;
    const running = workloads.get(id) ?? emptyRunning();
    clear(gauges, key, running);
    edit(running);
    draw(gauges, key, running);
    if (running.size === 0) workloads.delete(id);
    else workloads.set(id, running);
  };
  const forget = (key: ReleaseKey): void => change(key, (running) => running.delete(key.release));

  return {
    show: (key, state) =>
      change(key, (running) =>
        running.set(key.release, { state, values: running.get(key.release)?.values ?? new Map<string, number>() }),
      ),
    check: (key, { check, call, value }) => {
      checks.inc({ check, call });
      change(key, (running) => {
        const values = running.get(key.release)?.values;
        if (value === undefined) values?.delete(check);
        else values?.set(check, value);
      });
    },
    end: (key, { outcome, seconds }) => {
      releases.inc({ namespace: key.namespace, outcome });
      // A release that was skipped before its first reconcile has no start time.
      if (Number.isFinite(seconds)) duration.observe({ outcome }, seconds);
      forget(key);
    },
    forget,
  };
};

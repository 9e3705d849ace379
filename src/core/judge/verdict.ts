/** A judge is a pure function from what was measured to a verdict with its evidence. */
import type { Check, Telemetry } from '../policy/policy.ts';
import type { Instant } from '../../values/time.ts';
import type { JsonObject } from '../../values/kube-object.ts';
import type { Series } from './series.ts';

/** What the sources returned for one check over one window. `stable` is for judges that compare the arms. */
export type Measurement = {
  /** The window is (from, to]. */
  readonly from: Instant;
  readonly to: Instant;
  /** Start of the points, before the window, so that its first increments have a baseline. */
  readonly since: Instant;
  /** The telemetry of a built-in check, which defines the meaning of labels and the unit of durations. */
  readonly telemetry: Telemetry;
  readonly canary: readonly Series[];
  readonly stable: readonly Series[];
  /** Paths of the kubelet's probes. If labels contain the path, these requests are not counted as user requests. */
  readonly probes?: readonly string[];
  /** The queries, in a form that a person can repeat. */
  readonly queries: readonly string[];
  /** A description of the series that the queries select. */
  readonly sought?: string;
  /** The sources' own warnings. */
  readonly notes: readonly string[];
  /**
   * When each pod started (its `status.startTime`), by pod name. Tells a new process's counters, which started at zero,
   * from ones that merely were not seen before. Not a container's start: a sidecar counts on when its neighbour restarts.
   */
  readonly started: ReadonlyMap<string, Instant>;
};

/** State that a judge keeps in the Release's status from window to window. */
export type Evidence = JsonObject;

/**
 * `inconclusive` is its own answer: never 0 and never a pass by accident. `no-data`: the source answered and there was
 * nothing to judge; the policy says what that means. `unclear`: there is data, but it does not say which side of the
 * bounds it is on. `too-few`: what there is stands on fewer requests than the policy asks for. `unreachable`: no answer.
 */
export type Verdict = {
  readonly call: 'pass' | 'fail' | 'inconclusive';
  readonly reason: 'within-bounds' | 'out-of-bounds' | 'no-data' | 'unclear' | 'too-few' | 'unreachable';
  readonly because: string;
  /** Percent for `success-rate`, milliseconds for `duration`, its own unit for `query`. Finite. */
  readonly value?: number;
  readonly evidence?: Evidence;
  /** What was asked, as a person can ask it again; none where the source could not be. */
  readonly queries?: readonly string[];
};

export type Judge = (check: Check, measured: Measurement, past?: Evidence) => Verdict;

/** The verdict on a check whose source could not be asked. `sentence` is the MetricError's message. */
export const unreachable = (check: Check, sentence: string): Verdict => ({
  call: 'inconclusive',
  reason: 'unreachable',
  because: `${check.name} could not be measured: ${sentence}`,
});

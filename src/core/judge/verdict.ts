/** A judge is a pure function from what was measured to a verdict with its evidence. */
import type { Check } from '../policy/policy.ts';
import type { Instant } from '../time.ts';
import type { JsonObject } from '../kube-object.ts';
import type { Series } from './series.ts';

/** What the sources returned for one check over one window; stable is there for judges that compare. */
export type Measurement = {
  readonly from: Instant;
  readonly to: Instant;
  readonly canary: readonly Series[];
  readonly stable: readonly Series[];
};

/** State a sequential judge carries from window to window in the Release's status; a threshold judge carries none. */
export type Evidence = JsonObject;

/** `inconclusive` with reason `no-data` is its own answer: never 0 and never a pass by accident. */
export type Verdict = {
  readonly call: 'pass' | 'fail' | 'inconclusive';
  readonly reason: 'within-bounds' | 'out-of-bounds' | 'no-data' | 'unreachable';
  readonly because: string;
  readonly value?: number;
  readonly evidence?: Evidence;
};

export type Judge = (check: Check, measured: Measurement, past?: Evidence) => Verdict;

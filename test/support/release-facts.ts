/** Facts about one release, `web-2` of v2 over v1 on a workload of four replicas, for tables over `step(status, facts)`. */
import { percent } from '../../src/values/percent.ts';
import { noSplit, sameSplit, type Split } from '../../src/values/split.ts';
import { compile } from '../../src/core/plan/compile.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import type { Strategy } from '../../src/core/policy/strategy.ts';
import type { Answer, Answers, Question } from '../../src/core/questions/question.ts';
import type { Facts, WorkloadFacts } from '../../src/core/release/facts.ts';
import { wantedSplit } from '../../src/core/release/state.ts';
import { initialStatus, step } from '../../src/core/release/step.ts';
import type { ReleaseStatus } from '../../src/schema/release.ts';
import type { Milliseconds } from '../../src/values/time.ts';

export const v1 = 'hash-v1';
export const v2 = 'hash-v2';
export const v3 = 'hash-v3';
export const begin = Date.parse('2026-01-01T00:00:00Z');

/** Rising weights, each held until its checks pass. */
export const byWeights = (...weights: readonly number[]): Strategy => ({
  kind: 'weights',
  weights: weights.map(percent),
});

export const aPolicy = (change: Partial<Policy> = {}): Policy => ({
  strategy: byWeights(5, 25, 50),
  provider: 'auto',
  interval: 10_000,
  threshold: 2,
  checks: [{ kind: 'success-rate', name: 'request-success-rate', min: 99, noData: 'hold' }],
  telemetry: 'auto',
  onFailure: 'hold',
  approval: 'none',
  progressDeadline: 60_000,
  propagationDelay: 3000,
  rollback: 'fast',
  restart: 'canary',
  ...change,
});

/** Held by its release. */
export const aWorkload = (change: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  templateHash: v2,
  marks: { release: 'web-2' },
  optedIn: true,
  knownGood: false,
  paused: true,
  replicas: 4,
  available: 4,
  complete: false,
  timedOut: false,
  mayLack: 1,
  vanishes: false,
  ...change,
});

/** As somebody else's write leaves it: without marks of a release and unpaused, unless said otherwise. */
export const movedOn = (change: Partial<WorkloadFacts>): WorkloadFacts => {
  const { marks: _, ...unmarked } = aWorkload();
  return { ...unmarked, paused: false, ...change };
};

export const withWeight = (weight: number): Split => ({ weight: percent(weight) });
const canary = { templateHash: v2, replicas: 4, ready: 4 };
export const pristine: Facts['route'] = { splits: 'route', observed: 'unknown', accepted: 'untold', pristine: true };

/** Nothing has been made yet. */
export const facts = (change: Partial<Facts> = {}, policy: Policy = aPolicy()): Facts => ({
  now: begin,
  release: {
    name: 'web-2',
    generation: 1,
    spec: { workload: { kind: 'Deployment', name: 'web', uid: 'u' }, templateHash: v2, stableHash: v1, policy: {} },
  },
  plan: compile(policy),
  telemetry: 'istio',
  answers: new Map(),
  requests: [],
  arms: { namespace: 'shop', workload: 'web', canary: 'web-canary', service: 'web', canaryService: 'web-canary' },
  started: new Map(),
  workload: aWorkload(),
  canaryGone: true,
  protection: { uncovered: [], companions: { inPlace: true, removable: 0 } },
  route: pristine,
  provider: 'istio',
  service: 'web',
  preflight: [],
  pods: [],
  ...change,
});

/** Whatever this status wants is so: a canary of four ready pods, and the split in the routes. */
export const fulfilled = (status: ReleaseStatus, change: Partial<Facts> = {}, policy?: Policy): Facts => {
  const observed = wantedSplit(status);
  const routed = sameSplit(observed, noSplit) ? pristine : { ...pristine, observed, pristine: false };
  const made = status.phase === 'Pending' ? {} : { canary, canaryGone: false, route: routed };
  return facts({ ...made, ...change }, policy);
};

export type Verdict = 'pass' | 'hold' | 'fail';

/** A hundred requests in the window, all of them answered like this. */
const answerTo = ({ window }: Question, verdict: Verdict): Answer => {
  if (verdict === 'hold') return { kind: 'unanswered', because: 'nobody answers' };
  const labels = {
    __name__: 'istio_requests_total',
    pod: 'web-canary-1',
    response_code: verdict === 'pass' ? '200' : '500',
  };
  const points = [
    [window.from - 1, 0],
    [window.to, 100],
  ] as const;
  return {
    kind: 'measured',
    canary: [{ labels, points }],
    stable: [],
    since: window.from - 1000,
    queries: [],
    notes: [],
  };
};

export const answersTo = (questions: readonly Question[], verdict: Verdict): Answers =>
  new Map(questions.map((question) => [question.id, answerTo(question, verdict)]));

export type Moment = { readonly status: ReleaseStatus; readonly facts: Facts };

export type Walk = {
  /** A person goes on wherever the release waits for one. */
  readonly resume?: true;
  readonly policy?: Policy;
  readonly workload?: WorkloadFacts;
  readonly verdict?: Verdict;
  /** Told of every status on the way. */
  readonly seen?: (status: ReleaseStatus) => void;
};

const tick: Milliseconds = 1000;

/** The first moment at which it holds, where every wish is fulfilled and every question answered at once. */
export const walk = (until: (status: ReleaseStatus) => boolean, given: Walk = {}): Moment => {
  const { policy = aPolicy(), workload = aWorkload(), verdict = 'pass', seen, resume } = given;
  let status = initialStatus(begin);
  for (let now = begin; now < begin + 600 * tick; now += tick) {
    const requests = resume === true && status.phase === 'Waiting' ? [{ id: `r${now}`, verb: 'resume' as const }] : [];
    const at = fulfilled(status, { now, workload, requests }, policy);
    const asked = step(status, at);
    const due = asked.questions.filter(({ window }) => window.to <= now);
    const next = due.length === 0 ? asked : step(status, { ...at, answers: answersTo(due, verdict) });
    status = next.status;
    seen?.(status);
    if (until(status)) return { status, facts: fulfilled(status, { now, workload }, policy) };
  }
  throw new Error(`never reached; the last was ${status.phase}: ${status.message ?? ''}`);
};

export const atStep = (wanted: number, given: Walk = {}): Moment => walk(({ step: at }) => at === wanted, given);
export const atPhase = (wanted: ReleaseStatus['phase'], given: Walk = {}): Moment =>
  walk(({ phase }) => phase === wanted, given);

/** The same moment with other facts, and later by so much. */
export const then = (
  { status, facts: known }: Moment,
  change: Partial<Facts> = {},
  later: Milliseconds = 0,
): Moment => ({
  status,
  facts: { ...known, now: known.now + later, ...change },
});

/** What comes of a moment: its status next, with the facts as they are. */
export const stepped = ({ status, facts: known }: Moment): Moment & ReturnType<typeof step> => {
  const next = step(status, known);
  return { ...next, facts: known };
};

/** A world small enough to be exact: what effects do to it, and what the cluster then does on its own. For tests. */
import { percent } from '../../src/values/percent.ts';
import type { Policy } from '../../src/core/policy/policy.ts';
import type { Effect } from '../../src/core/release/effects.ts';
import { compile } from '../../src/core/plan/compile.ts';
import type { Answer, Answers, Question } from '../../src/core/questions/question.ts';
import type { Split } from '../../src/values/split.ts';
import type { Facts, Request, WorkloadFacts } from '../../src/core/release/facts.ts';
import { initialStatus, step } from '../../src/core/release/step.ts';
import type { ReleaseStatus } from '../../src/schema/release.ts';

export const v1 = 'hash-v1';
export const v2 = 'hash-v2';
export const v3 = 'hash-v3';

export const aPolicy = (change: Partial<Policy> = {}): Policy => ({
  strategy: 'canary',
  provider: 'auto',
  weights: [5, 25, 50].map(percent),
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

export type Verdict = 'pass' | 'hold' | 'fail';

/** A hundred requests in the window, all of them answered like this. */
const answerTo = ({ window }: Question, verdict: Verdict): Answer => {
  if (verdict === 'hold') return { kind: 'unanswered', because: 'request-success-rate: hold' };
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

/** Without the keys that have no value. */
const some = <T extends object>(values: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as object;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One release `web-2` of v2 over v1, on a workload of 4 replicas. */
export class World {
  now = Date.parse('2026-01-01T00:00:00Z');
  policy: Policy;
  splits: 'route' | 'replicas' = 'route';
  status: ReleaseStatus;
  workload: Mutable<WorkloadFacts>;
  canary: { replicas: number; ready: number } | undefined;
  observed: Split | 'unknown' = 'unknown';
  request: Request | undefined;
  verdict: Verdict = 'pass';
  answers: Answers = new Map();
  podsBecomeReady = true;
  /** What a quota says to the canary's pods. */
  podsRefused: string | undefined;
  /** What the API server says to the canary's Deployment. */
  refused: string | undefined;
  stableRolls = true;
  preflight: Facts['preflight'] = [];
  takenOver: Facts['takenOver'];
  /** Why no route can be written: its kind is not installed any more. */
  unserved: string | undefined;
  /** Somebody has changed the canary's template. */
  edited = false;
  readonly done: Effect[] = [];
  /** Requests that would have met a missing backend: traffic routed to a canary without a ready pod. */
  readonly losses: string[] = [];
  readonly weights: number[] = [];

  constructor(policy: Policy = aPolicy()) {
    this.policy = policy;
    this.status = initialStatus(this.now);
    this.workload = {
      templateHash: v2,
      marks: { release: 'web-2' },
      optedIn: true,
      knownGood: false,
      paused: true,
      replicas: 4,
      available: 4,
      complete: false,
      timedOut: false,
      recreate: false,
    };
  }

  facts(extra: Partial<Facts> = {}): Facts {
    const { request } = this;
    return {
      now: this.now,
      release: {
        name: 'web-2',
        generation: 1,
        spec: { workload: { kind: 'Deployment', name: 'web', uid: 'u' }, templateHash: v2, stableHash: v1, policy: {} },
      },
      plan: compile(this.policy),
      telemetry: 'istio',
      answers: this.answers,
      requests: request === undefined ? [] : [request],
      arms: { namespace: 'shop', workload: 'web', canary: 'web-canary', service: 'web', canaryService: 'web-canary' },
      started: new Map(),
      workload: { ...this.workload },
      ...(this.canary === undefined ? {} : { canary: { ...this.canary, templateHash: v2, ...this.canaryTold() } }),
      canaryGone: this.canary === undefined,
      route: {
        splits: this.splits,
        observed: this.observed,
        accepted: 'untold',
        pristine: this.splits === 'replicas' || this.observed === 'unknown',
        ...some({ unserved: this.unserved }),
      },
      provider: 'istio',
      service: 'web',
      preflight: this.preflight,
      ...some({ refused: this.refused, takenOver: this.takenOver }),
      ...extra,
    };
  }

  private canaryTold(): { readonly refused?: string; readonly edited?: true } {
    return { ...some({ refused: this.podsRefused }), ...(this.edited ? { edited: true } : {}) };
  }

  /** The canary's weight in the routes. */
  get share(): number | 'unknown' {
    return this.observed === 'unknown' ? 'unknown' : this.observed.weight;
  }

  set share(weight: number | 'unknown') {
    this.observed = weight === 'unknown' ? weight : { weight: percent(weight) };
  }

  /** One reconcile; `crashAfter` effects the controller is killed. Resolves the asks as the controller does. */
  reconcile(crashAfter = Number.POSITIVE_INFINITY): readonly Effect[] {
    let next = step(this.status, this.facts());
    const due = next.questions.filter(({ window }) => window.to <= this.now);
    if (due.length > 0) {
      this.answers = new Map(due.map((question) => [question.id, answerTo(question, this.verdict)]));
      next = step(this.status, this.facts());
    }
    if (next.look === 'pods')
      next = step(
        this.status,
        this.facts({ pods: [{ name: 'web-canary-1', reason: 'CrashLoopBackOff', message: 'exit code 1' }] }),
      );
    if (crashAfter === 0) return [];
    this.status = next.status;
    const carriedOut = next.effects.slice(0, crashAfter - 1);
    for (const effect of carriedOut) this.carryOut(effect);
    return next.effects;
  }

  carryOut(effect: Effect): void {
    this.done.push(effect);
    switch (effect.do) {
      case 'ensure-canary':
        if (this.refused !== undefined) return;
        this.canary = { replicas: effect.replicas, ready: Math.min(this.canary?.ready ?? 0, effect.replicas) };
        return;
      case 'route':
        this.observed = effect.split;
        if (this.weights.at(-1) !== effect.split.weight) this.weights.push(effect.split.weight);
        return;
      case 'restore-routes':
        this.observed = 'unknown';
        return;
      case 'remove-canary':
        this.canary = undefined;
        return;
      default:
        this.changeWorkload(effect);
    }
  }

  private changeWorkload(effect: Effect): void {
    const { workload } = this;
    if (effect.do === 'promote')
      Object.assign(workload, { paused: false, marks: { release: 'web-2', phase: 'Promoting' }, complete: false });
    if (effect.do === 'put-back')
      Object.assign(workload, { paused: false, marks: undefined, templateHash: v1, complete: true, timedOut: false });
    if (effect.do === 'settle') Object.assign(workload, { marks: undefined });
    if (effect.do === 'mark-failed')
      Object.assign(workload, { marks: { release: 'web-2', phase: 'Failed' }, timedOut: true });
    if (effect.do === 'clear-failed') Object.assign(workload, { timedOut: false });
    if (effect.do === 'mark-retry') Object.assign(workload, { marks: { release: 'web-2-retry2' } });
    if (workload.marks === undefined) delete (workload as { marks?: unknown }).marks;
  }

  /** What the cluster does by itself, after `millis`. */
  pass(millis: number): void {
    this.now += millis;
    if (this.canary !== undefined && this.podsBecomeReady) this.canary.ready = this.canary.replicas;
    if (!this.workload.paused && this.stableRolls) this.workload.complete = true;
    if (
      this.splits === 'route' &&
      this.observed !== 'unknown' &&
      this.observed.weight > 0 &&
      (this.canary?.ready ?? 0) === 0
    ) {
      this.losses.push(`${this.observed.weight} % to no pod in ${this.status.phase}`);
    }
  }

  /** Reconciles until a final phase or `limit` rounds of a second. */
  run(limit = 300, until: (w: World) => boolean = () => false): this {
    for (let i = 0; i < limit && !until(this) && this.status.completedAt === undefined; i += 1) {
      this.reconcile();
      this.pass(1000);
    }
    return this;
  }
}

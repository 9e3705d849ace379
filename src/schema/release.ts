/**
 * Release: one attempt to bring one new template to production. It holds the release's state and is its audit record.
 */
import { isDeepStrictEqual } from 'node:util';
import { Type, type Static } from 'typebox';
import type { ObjectMeta } from '../values/kube-object.ts';
import { PlanSchema, SplitSchema } from './plan.ts';
import { PolicySpecSchema } from './policy.ts';
import { EndingSchema } from './release-ending.ts';
import { AnalysisStatusSchema, CheckResultSchema, ShareSchema } from './release-checks.ts';
import { HistoryEntrySchema } from './release-history.ts';
import { StableSchema, StandInSchema } from './release-stable.ts';
import { AcknowledgedSchema } from './release-records.ts';
import { transition } from './rules.ts';
import { podTroubles, waitingReasons } from './waiting-reasons.ts';

export const activePhases = [
  'Pending',
  'Preparing',
  'Progressing',
  'Waiting',
  'Promoting',
  'Failing',
  'Withdrawing',
] as const;
export const finalPhases = ['Succeeded', 'Failed', 'Aborted', 'Superseded', 'Skipped', 'Bypassed'] as const;
/** What a Release records that was not a canary release. */
export const recordKinds = ['bypass', 'skip', 'rollback', 'restart'] as const;

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });
/** Of other workloads behind the same Service. */
export const mostShared = 32;

const text = (description: string): Type.TString => Type.String({ description });
const opt = Type.Optional;

const RequesterSchema = Type.Object(
  {
    user: text('User name, from the AdmissionReview.'),
    uid: opt(text("The user's uid, if the authenticator provides one.")),
    tool: opt(text('Field manager of the write, such as `kubectl-client-side-apply`.')),
    at: time('When it was asked.'),
  },
  { description: 'Who asked for it.' },
);

export const ReleaseSpecSchema = Type.Object(
  {
    workload: Type.Object(
      { kind: Type.Enum(['Deployment']), name: text('Name of the workload.'), uid: text('Its uid.') },
      { description: 'The workload being released.' },
    ),
    templateHash: text('Hash of the pod template that is released.'),
    stableHash: text('Hash of the stable template, which serves during the release.'),
    stable: opt(StableSchema),
    from: opt(text('Name of the Release of the stable template, if it still exists.')),
    changes: opt(
      Type.Array(Type.String({ maxLength: 240 }), {
        maxItems: 20,
        description: 'Differences from the stable template, as readable lines. Never contains values of variables.',
      }),
    ),
    policyName: opt(text('Kind and name of the policy that was used, as `CanaryPolicy/careful`.')),
    policy: PolicySpecSchema,
    plan: opt(PlanSchema),
    requestedBy: opt(RequesterSchema),
    attempt: opt(Type.Integer({ minimum: 1, default: 1, description: 'Counts retries of the same template.' })),
    recordOf: opt(
      Type.Enum([...recordKinds], {
        description:
          'Set where the template rolled natively, at once, and this is the record of it: `bypass` (past an absent webhook), `skip` (a person wished so), `rollback` and `restart` (the policy says so).',
      }),
    ),
    reason: opt(text('Why it was skipped or bypassed, for people.')),
  },
  {
    additionalProperties: false,
    rules: [
      transition({
        fields: [],
        cel: 'self == oldSelf',
        holds: isDeepStrictEqual,
        message: 'must not change: a Release records what was asked',
        todo: 'Make a request (kubectl sluice) instead of editing it.',
      }),
    ],
  },
);
export type ReleaseSpec = Static<typeof ReleaseSpecSchema>;

const ConditionSchema = Type.Object({
  type: text('Ready, Reconciling or Stalled (kstatus).'),
  status: Type.Enum(['True', 'False', 'Unknown']),
  reason: text('One word for machines.'),
  message: text('One sentence for people.'),
  lastTransitionTime: time('When status last changed.'),
  observedGeneration: opt(Type.Integer()),
});

/** How many requests, events and failed checks a status keeps; the oldest ones are dropped. */
export const mostAcknowledged = 20;
export const mostHistory = 50;
export const mostFailedChecks = 50;
/** How many pods in trouble a status names. */
export const mostPods = 10;
export const mostUncovered = 20;

export const ReleaseStatusSchema = Type.Object({
  phase: Type.Enum([...activePhases, ...finalPhases], { description: 'Where the release is.' }),
  message: opt(text('What is happening or why it ended, as a sentence.')),
  waiting: opt(
    Type.Object(
      {
        reason: Type.Enum([...waitingReasons], { description: 'One word for machines.' }),
        message: text('One sentence for people.'),
      },
      { description: 'Why the release is waiting, if it is.' },
    ),
  ),
  revised: opt(
    Type.Object(
      {
        policyName: opt(text('Kind and name of the policy.')),
        policy: PolicySpecSchema,
        plan: opt(PlanSchema),
      },
      {
        description:
          'The policy the release goes by in place of `spec.policy`, `spec.plan` and `spec.policyName`: it was changed, or came to be, before the release started.',
      },
    ),
  ),
  stage: opt(text('Id of the current stage of the plan.')),
  step: opt(Type.Integer({ minimum: 0, description: 'Splits of the plan so far, from 1; 0 before the first.' })),
  steps: opt(Type.Integer({ description: 'Number of splits in the plan.' })),
  stepLabel: opt(text('`2/4`, for the table.')),
  weight: opt(Type.Integer({ minimum: 0, maximum: 100, description: 'Percent of traffic wanted for the canary.' })),
  share: opt(ShareSchema),
  wanted: opt(
    Type.Object(
      { split: SplitSchema },
      { description: 'The complete split that the routes should have now, including `weight`.' },
    ),
  ),
  standIn: opt(StandInSchema),
  offSince: opt(time('Since when the canary is off with its workload, which was scaled to 0.')),
  analyses: opt(Type.Array(AnalysisStatusSchema, { maxItems: 16, description: 'State of each analysis of the plan.' })),
  failedChecks: opt(
    Type.Array(CheckResultSchema, { maxItems: mostFailedChecks, description: 'The failed checks, oldest first.' }),
  ),
  provider: opt(text('Traffic provider in use.')),
  providerBecause: opt(text('Why this provider was chosen, as a sentence fragment.')),
  service: opt(text('The apex Service.')),
  sharedWith: opt(
    Type.Array(Type.String({ maxLength: 253 }), {
      maxItems: mostShared,
      description:
        'Other Deployments whose pods get of the traffic that is split, when the release began. The canary gets its share of all of it, and is sized for that.',
    }),
  ),
  startedAt: opt(time('When the release was first seen.')),
  phaseEnteredAt: opt(time('When the phase was entered.')),
  stageEnteredAt: opt(time('When the stage was entered.')),
  canaryReadyAt: opt(time('When the canary had all its pods, before anything was routed to it.')),
  splitInPlaceAt: opt(
    time(
      'Since when the wanted split has been in the routes, with the pods it needs; without a route, since when pods of it serve.',
    ),
  ),
  canaryShortSince: opt(time('Since when the canary has had fewer ready pods than it needs.')),
  canaryFlaps: opt(
    Type.Object(
      {
        times: Type.Integer({ minimum: 1, description: 'How often it lost pods that were ready, and got them back.' }),
        unready: Type.Integer({ minimum: 0, description: 'Milliseconds that it was short of them, in all.' }),
        until: time('Since when it has had its pods again.'),
      },
      {
        description:
          'Of a canary whose pods do not stay ready. The time without them counts against `progressDeadline`; ten seconds of being ready pay for one of them.',
      },
    ),
  ),
  rolledAt: opt(time('When the roll of the workload was over, where all of its pods went at once.')),
  routesRestoredAt: opt(time('When the routes were last restored while the release was ending.')),
  completedAt: opt(time('When a final phase was entered.')),
  ending: opt(EndingSchema),
  givenBack: opt(
    Type.Object(
      {
        weight: Type.Integer({ minimum: 0, maximum: 100, description: 'The weight that its pods were for before.' }),
        at: time('When its weight was lowered.'),
      },
      { description: 'Set where the canary has made way for a promotion that lacks room.' },
    ),
  ),
  peakReplicas: opt(
    Type.Integer({
      minimum: 0,
      description:
        'The greatest number of replicas of the workload since the release was created. Behind a route the canary is sized by it.',
    }),
  ),
  canary: opt(
    Type.Object({ replicas: Type.Integer(), ready: Type.Integer() }, { description: 'Canary pods wanted and ready.' }),
  ),
  uncovered: opt(
    Type.Array(
      Type.Object({
        kind: text('Kind of the object.'),
        name: text('Its name.'),
        because: text('Why the canary gets no companion of it.'),
      }),
      {
        maxItems: mostUncovered,
        description: 'Objects that select stable pods, miss the canary, and are not copied for it.',
      },
    ),
  ),
  lastWriteError: opt(
    Type.Object(
      {
        message: text('The error message, from the API server or from a quota, policy or admission webhook.'),
      },
      { description: "A write of Sluice's that the API server refuses. It is retried with back-off." },
    ),
  ),
  pods: opt(
    Type.Array(
      Type.Object({
        name: text('Pod.'),
        trouble: opt(Type.Enum([...podTroubles], { description: 'Why it is not ready, one word for machines.' })),
        reason: text("The same in the kubelet's or the scheduler's word."),
        message: opt(text('Their sentence, or the last words of the container.')),
        restarts: opt(Type.Integer()),
      }),
      { maxItems: mostPods, description: 'Canary pods in trouble, now or when the release failed.' },
    ),
  ),
  acknowledged: opt(
    Type.Array(AcknowledgedSchema, {
      maxItems: mostAcknowledged,
      description: "Users' requests that were processed, oldest first.",
    }),
  ),
  approved: opt(Type.Object({ by: opt(text('Who approved.')), at: time('When.') })),
  history: opt(
    Type.Array(HistoryEntrySchema, {
      maxItems: mostHistory,
      description: 'Events of this release, oldest first. Kubernetes events and log lines are created from it.',
    }),
  ),
  historyToldThrough: opt(
    Type.Integer({ description: 'Events up to this `seq` were published when the status was last written.' }),
  ),
  conditions: opt(Type.Array(ConditionSchema)),
  observedGeneration: opt(Type.Integer()),
});
export type ReleaseStatus = Static<typeof ReleaseStatusSchema>;
/** A Release as stored. It has no status before its first reconcile. */
export type Release = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: ReleaseSpec;
  readonly status?: ReleaseStatus;
};
export type { CheckResult } from './release-checks.ts';
export type Phase = ReleaseStatus['phase'];
export type Outcome = NonNullable<ReleaseStatus['ending']>['outcome'];
export type RecordOf = (typeof recordKinds)[number];
export type Waiting = NonNullable<ReleaseStatus['waiting']>;
export type WaitingReason = Waiting['reason'];
/** The share of the traffic that is seen, as opposed to the weight that is wanted. */
export type Share = NonNullable<ReleaseStatus['share']>;
export type AnalysisStatus = NonNullable<ReleaseStatus['analyses']>[number];
export type HistoryEntry = NonNullable<ReleaseStatus['history']>[number];
export type Acknowledged = NonNullable<ReleaseStatus['acknowledged']>[number];

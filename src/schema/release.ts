/** Release: one attempt to bring one new template to production. The truth about it, and its audit record. */
import { isDeepStrictEqual } from 'node:util';
import { Type, type Static } from 'typebox';
import type { ObjectMeta } from '../values/kube-object.ts';
import { PlanSchema } from './plan.ts';
import { PolicySpecSchema } from './policy.ts';
import { transition } from './rules.ts';

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
/** What a Release is a record of that never was a canary release. */
export const recordKinds = ['bypass', 'skip', 'rollback', 'restart'] as const;
export const requestVerbs = ['promote', 'abort', 'retry'] as const;

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });
const text = (description: string): Type.TString => Type.String({ description });
const opt = Type.Optional;

const RequesterSchema = Type.Object(
  {
    user: text('User name, from the AdmissionReview.'),
    uid: opt(text("The user's uid, where the authenticator gives one.")),
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
    stableHash: text('Hash of the template that serves meanwhile.'),
    from: opt(text('Name of the Release that brought the template that serves meanwhile, where it is still there.')),
    changes: opt(
      Type.Array(Type.String({ maxLength: 240 }), {
        maxItems: 20,
        description: 'What differs from the template that serves, in lines for people. Never the value of a variable.',
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

export const CheckResultSchema = Type.Object({
  name: text('Name of the check.'),
  call: Type.Enum(['pass', 'fail', 'inconclusive'], { description: 'The verdict.' }),
  because: text('Values and bounds behind it, as a sentence.'),
  value: opt(Type.Number({ description: 'What was measured.' })),
  at: time('When it was judged.'),
  weight: opt(Type.Integer({ description: "The canary's weight while it was measured." })),
  queries: opt(
    Type.Array(Type.String(), {
      description: 'What was asked of Prometheus where the answer says nothing: ask it again to see for yourself.',
    }),
  ),
});

export const ReleaseStatusSchema = Type.Object({
  phase: Type.Enum([...activePhases, ...finalPhases], { description: 'Where the release is.' }),
  message: opt(text('What is happening or why it ended, as a sentence.')),
  step: opt(Type.Integer({ minimum: 0, description: 'Step of the plan, from 1; 0 before the first.' })),
  steps: opt(Type.Integer({ description: 'Number of steps.' })),
  stepLabel: opt(text('`2/4`, for the table.')),
  weight: opt(Type.Integer({ minimum: 0, maximum: 100, description: 'Percent of traffic wanted for the canary.' })),
  failures: opt(Type.Integer({ minimum: 0, description: 'Failed checks so far.' })),
  checks: opt(Type.Array(CheckResultSchema, { description: 'The latest verdict of each check.' })),
  evidence: opt(Type.Array(CheckResultSchema, { maxItems: 50, description: 'The failed checks, oldest first.' })),
  provider: opt(text('Traffic provider in use.')),
  service: opt(text('The apex Service.')),
  startedAt: opt(time('When the release was first seen.')),
  enteredAt: opt(time('When the phase or step was entered.')),
  stepAt: opt(
    time(
      'When the split of this step was in place: its interval counts from here. While preparing: when the canary was ready.',
    ),
  ),
  routedAt: opt(time('When the wanted split was first seen in the routes after it last changed.')),
  unreadySince: opt(time('Since when the canary has had fewer ready pods than it needs.')),
  judgedAt: opt(time('End of the window the checks were last judged on.')),
  completedAt: opt(time('When a final phase was entered.')),
  ending: opt(
    Type.Object(
      {
        outcome: Type.Enum(['Succeeded', 'Failed', 'Aborted', 'Superseded', 'Skipped', 'Bypassed']),
        reason: text('One word for machines.'),
        message: text('One sentence for people.'),
        at: time('When it was decided.'),
      },
      { description: 'How it is going to end, decided before anything is taken down.' },
    ),
  ),
  canary: opt(
    Type.Object({ replicas: Type.Integer(), ready: Type.Integer() }, { description: 'Canary pods wanted and ready.' }),
  ),
  refused: opt(
    Type.Object(
      {
        words: text("The API server's, or those of whoever it asked: a quota, a policy, an admission webhook."),
        instead: opt(text('The message that is shown again once it goes on.')),
      },
      { description: 'A write of Sluice that the API server refuses. It is tried again, less and less often.' },
    ),
  ),
  pods: opt(
    Type.Array(
      Type.Object({
        name: text('Pod.'),
        reason: text('Why it is not ready.'),
        message: opt(text('Its last words.')),
        restarts: opt(Type.Integer()),
      }),
      { maxItems: 10, description: 'Canary pods in trouble when it failed.' },
    ),
  ),
  acknowledged: opt(
    Type.Object(
      {
        id: text("The request's id."),
        verb: text('What was asked.'),
        by: opt(text('Who.')),
        reason: opt(text('Why.')),
        result: text('What came of it.'),
        at: time('When it was taken up.'),
      },
      { description: 'The last request from a person that was taken up.' },
    ),
  ),
  approved: opt(Type.Object({ by: opt(text('Who approved.')), at: time('When.') })),
  conditions: opt(Type.Array(ConditionSchema)),
  observedGeneration: opt(Type.Integer()),
});
export type ReleaseStatus = Static<typeof ReleaseStatusSchema>;
/** A Release as the API server keeps it. It has no status before it has been looked at. */
export type Release = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: ReleaseSpec;
  readonly status?: ReleaseStatus;
};
export type Phase = ReleaseStatus['phase'];
export type CheckResult = Static<typeof CheckResultSchema>;
export type Outcome = NonNullable<ReleaseStatus['ending']>['outcome'];
export type RecordOf = (typeof recordKinds)[number];
export type RequestVerb = (typeof requestVerbs)[number];

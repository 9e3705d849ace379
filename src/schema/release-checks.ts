/** What a Release's status says about its checks and the traffic that they counted. */
import { Type, type Static } from 'typebox';

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });
const text = (description: string): Type.TString => Type.String({ description });
const opt = Type.Optional;

const requestsOfArms = {
  canary: Type.Number({ minimum: 0, description: 'Requests that the canary has served.' }),
  stable: Type.Number({ minimum: 0, description: 'Requests that stable has served.' }),
};

export const CheckResultSchema = Type.Object({
  name: text('Name of the check.'),
  call: Type.Enum(['pass', 'fail', 'inconclusive'], { description: 'The verdict.' }),
  because: text('Values and bounds behind it, as a sentence.'),
  value: opt(Type.Number({ description: 'What was measured.' })),
  at: time('When it was judged.'),
  weight: opt(Type.Integer({ description: "The canary's weight while it was measured." })),
  requests: opt(
    Type.Object(requestsOfArms, { description: 'Requests of both arms in the window, for a built-in check.' }),
  ),
  queries: opt(
    Type.Array(Type.String(), {
      description: 'The PromQL queries behind an inconclusive verdict, to run by hand.',
    }),
  ),
});

export type CheckResult = Static<typeof CheckResultSchema>;

export const ShareSchema = Type.Object(
  {
    percent: Type.Number({ minimum: 0, maximum: 100, description: "The canary's share." }),
    of: Type.Enum(['requests', 'pods'], {
      description: '`requests`: as telemetry counts them. `pods`: without a mesh, the ready pods behind the Service.',
    }),
    canary: Type.Number({ minimum: 0, description: "The canary's." }),
    stable: Type.Number({ minimum: 0, description: "Stable's." }),
  },
  { description: 'The share of the traffic that the canary really gets. (`weight` is the share that it should get.)' },
);

export const AnalysisStatusSchema = Type.Object({
  id: text('Which analysis of the plan.'),
  failures: Type.Integer({ minimum: 0, description: 'Failed rounds so far.' }),
  judgedAt: opt(time('End of the window that was judged last.')),
  passed: opt(Type.Integer({ minimum: 0, description: 'Rounds that have passed in the present stage.' })),
  checks: opt(Type.Array(CheckResultSchema, { maxItems: 40, description: 'The latest verdict of each check.' })),
  evidence: opt(
    Type.Array(
      Type.Object({
        check: text('Name of the check.'),
        state: Type.String({ maxLength: 4096, description: 'What its judge remembers, as JSON.' }),
      }),
      { maxItems: 40, description: 'State that judges keep from one window to the next.' },
    ),
  ),
  served: opt(
    Type.Array(
      Type.Object({
        weight: Type.Integer({ description: "The canary's weight, in percent." }),
        ...requestsOfArms,
        unseen: opt(
          Type.Boolean({
            description: 'Set if the requests did not follow the weight: the numbers count from this time.',
          }),
        ),
      }),
      { maxItems: 100, description: 'Requests of both arms at each weight, counted since its split was in place.' },
    ),
  ),
});

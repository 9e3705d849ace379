/** The plan as a Release's spec records it, with all defaults resolved and durations as strings. Only Sluice writes it. */
import { Type, type Static } from 'typebox';
import { mostMatches, RecordedMatchSchema } from './match.ts';
import { patterns } from './patterns.ts';
import { judgeNames, mostMinRequests, telemetryNames } from './policy.ts';
import { mostRounds } from './steps.ts';

export const stageKinds = ['size', 'split', 'analyse', 'wait', 'promote'] as const;
export const checkKinds = ['success-rate', 'duration', 'query'] as const;

/** More than any policy can need: 100 weights make 203 stages. */
const maxStages = 512;
const maxAnalyses = 16;

const opt = Type.Optional;
const text = (description: string, maxLength = 253): Type.TString =>
  Type.String({ minLength: 1, maxLength, description });
const name = (description: string): Type.TString =>
  Type.String({ minLength: 1, maxLength: 63, pattern: patterns.checkName.pattern, description });
const duration = (description: string): Type.TString =>
  Type.String({ pattern: patterns.duration.pattern, description });
const percent = (description: string): Type.TInteger => Type.Integer({ minimum: 0, maximum: 100, description });

export const SplitSchema = Type.Object(
  {
    weight: percent("The canary's share of the requests that fit no match, in percent."),
    match: opt(
      Type.Array(RecordedMatchSchema, {
        maxItems: mostMatches,
        description: 'Requests that go to the canary whatever the weight: those that fit one of these.',
      }),
    ),
    mirror: opt(percent('Percent of the requests to stable that are copied to the canary.')),
    sticky: opt(
      Type.Object(
        { cookie: text('Name of the cookie.'), ttl: duration('How long it counts.') },
        { additionalProperties: false, description: 'Keeps a caller on the arm that answered first.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'For `split`: what goes to the canary.' },
);

const StageSchema = Type.Object(
  {
    id: name('Name of the stage, unique in the plan.'),
    do: Type.Enum([...stageKinds], {
      type: 'string',
      description:
        '`size`: bring up canary pods; `split`: route to them; `analyse`: judge until a round passes; `wait`: for a time or a person; `promote`: the workload rolls.',
    }),
    canary: opt(
      Type.Object(
        {
          weight: opt(percent('At least as many pods as that share of the traffic needs.')),
          replicas: opt(Type.Integer({ minimum: 0, description: 'At least as many pods.' })),
        },
        { additionalProperties: false, description: 'For `size`: how many canary pods. Has one of the two fields.' },
      ),
    ),
    split: opt(SplitSchema),
    analysis: opt(name('For `analyse`: which of the `analyses`.')),
    interval: opt(duration('For `analyse`: the checks are judged at the end of each interval.')),
    for: opt(
      Type.String({
        pattern: patterns.waitFor.pattern,
        description:
          'For `wait`, and for an `analyse` that lasts longer than one passing round: a duration, or `approval`, which waits for a user.',
      }),
    ),
    rounds: opt(
      Type.Integer({ minimum: 1, maximum: mostRounds, description: 'For `analyse`: how many rounds must pass.' }),
    ),
  },
  { additionalProperties: false },
);
export type RecordedStage = Static<typeof StageSchema>;

const RecordedCheckSchema = Type.Object(
  {
    name: name('Name of the check.'),
    kind: Type.Enum([...checkKinds], {
      type: 'string',
      description: 'What is measured: a success rate in percent, a duration in milliseconds, a query in its own unit.',
    }),
    query: opt(text('PromQL, of a `query`.', 4096)),
    min: opt(Type.Number({ description: 'Smallest value that passes.' })),
    max: opt(Type.Number({ description: 'Largest value that passes.' })),
    quantile: opt(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'Of a `duration`.' })),
    minRequests: opt(
      Type.Integer({
        minimum: 0,
        maximum: mostMinRequests,
        description:
          'Requests that the canary must have had for the check to pass; any number unless set. Not for a `query`.',
      }),
    ),
    noData: Type.Enum(['hold', 'fail', 'pass'], { type: 'string', description: 'How to treat missing data.' }),
    judge: opt(Type.Enum([...judgeNames], { type: 'string', description: 'Who judges it; `threshold` unless set.' })),
  },
  { additionalProperties: false },
);
export type RecordedCheck = Static<typeof RecordedCheckSchema>;

const AnalysisSchema = Type.Object(
  {
    threshold: Type.Integer({ minimum: 1, description: 'Failed rounds at which the release fails.' }),
    checks: Type.Array(RecordedCheckSchema, { maxItems: 64, description: 'Judged together.' }),
  },
  { additionalProperties: false },
);
export type RecordedAnalysis = Static<typeof AnalysisSchema>;

export const PlanSchema = Type.Object(
  {
    stages: Type.Array(StageSchema, { maxItems: maxStages, description: 'What the release does, in this order.' }),
    analyses: Type.Unsafe<{ [id: string]: RecordedAnalysis }>({
      type: 'object',
      description: 'Checks whose failures are counted together, by the name that stages refer to.',
      additionalProperties: AnalysisSchema,
      propertyNames: { type: 'string', maxLength: 63, pattern: patterns.checkName.pattern },
      maxProperties: maxAnalyses,
    }),
    provider: name('Who splits the traffic; `auto` is settled when the release starts.'),
    service: opt(text('The Service whose traffic is split, where the policy names one.', 63)),
    telemetry: Type.Enum(['auto', ...telemetryNames], {
      type: 'string',
      description: 'Whose metrics the built-in checks read.',
    }),
    prometheus: opt(text('Address of the Prometheus to ask, where the policy gives one.', 2048)),
    onFailure: Type.Enum(['hold', 'revert'], {
      type: 'string',
      description: 'What happens to a template that fails.',
    }),
    progressDeadline: duration('How long pods may take to become ready.'),
    propagationDelay: duration('How long the proxies may take to follow a change of routes.'),
  },
  {
    additionalProperties: false,
    description:
      'What the release does, with the defaults of the time when it began. Later versions of Sluice do not change it.',
  },
);
/** The plan as JSON. */
export type RecordedPlan = Static<typeof PlanSchema>;
export type RecordedSplit = Static<typeof SplitSchema>;

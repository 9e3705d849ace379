/** The steps of a policy, in the words of Argo Rollouts' `steps`, so that a list can be pasted as it is. */
import { Type, type Static } from 'typebox';
import { mostMatches, TextMatchSchema } from './match.ts';
import { ofAnalyses } from './other-tools.ts';
import { patterns } from './patterns.ts';
import { rule, type Rule } from './rules.ts';
import { span } from './span.ts';

export const mostSteps = 100;
/** More than a test should be repeated. */
export const mostRounds = 1000;
const mostReplicas = 10_000;

const opt = Type.Optional;
const percent = (description: string): Type.TInteger => Type.Integer({ minimum: 0, maximum: 100, description });
const routeName = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: patterns.checkName.pattern,
  description: 'Name of the route, by which a later step takes it back.',
});

/** Every kind of step; an item of the list has exactly one of them. */
export const stepKinds = [
  'setWeight',
  'pause',
  'setCanaryScale',
  'analysis',
  'setHeaderRoute',
  'setMirrorRoute',
] as const;
export type StepKind = (typeof stepKinds)[number];

/** A rule that exactly one of the fields is set. */
export const exactlyOne = (fields: readonly string[], message: string, todo: string): Rule =>
  rule<Readonly<Record<string, unknown>>>({
    fields: [],
    cel: `[${fields.map((field) => `has(self.${field})`).join(', ')}].filter(x, x).size() == 1`,
    holds: (self) => fields.filter((field) => self[field] !== undefined).length === 1,
    message,
    todo,
  });

const PauseSchema = Type.Object(
  { duration: opt(span('How long. Until a person goes on unless set.', ['1s', '168h'])) },
  { additionalProperties: false, description: 'Stay at this step. The checks are judged meanwhile.' },
);

const scales = ['replicas', 'weight', 'matchTrafficWeight'] as const;
const ScaleSchema = Type.Object(
  {
    replicas: opt(Type.Integer({ minimum: 0, maximum: mostReplicas, description: 'So many pods.' })),
    weight: opt(percent('As many pods as that share of the traffic needs.')),
    matchTrafficWeight: opt(
      Type.Boolean({ description: '`true`: as many as the weight needs, as before the first `setCanaryScale`.' }),
    ),
  },
  {
    additionalProperties: false,
    description: 'How many pods the canary has from here on. It never has fewer than its traffic needs.',
    rules: [
      exactlyOne(scales, `must say one of ${scales.join(', ')}`, 'Keep one of them.'),
      rule<{ readonly matchTrafficWeight?: boolean }>({
        fields: ['matchTrafficWeight'],
        cel: '!has(self.matchTrafficWeight) || self.matchTrafficWeight',
        holds: ({ matchTrafficWeight = true }) => matchTrafficWeight,
        message: 'must be true where it is set',
        todo: 'Write matchTrafficWeight: true, or replicas or weight in its place.',
      }),
    ],
  },
);

const AnalysisStepSchema = Type.Object(
  {
    interval: opt(span("How long a round is. The policy's `interval` unless set.", ['1s', '168h'])),
    rounds: opt(
      Type.Integer({ minimum: 1, maximum: mostRounds, description: 'How many rounds must pass, 1 unless set.' }),
    ),
  },
  {
    additionalProperties: false,
    description: "Judge the policy's checks, until `rounds` rounds have passed.",
    notHere: ofAnalyses,
    otherNames: { count: 'rounds' },
  },
);

const HeaderRouteSchema = Type.Object(
  {
    name: routeName,
    match: opt(
      Type.Array(
        Type.Object(
          {
            headerName: Type.String({ minLength: 1, maxLength: 256, description: 'Name of the header.' }),
            headerValue: TextMatchSchema,
          },
          { additionalProperties: false, description: 'A header and how to compare it.' },
        ),
        {
          maxItems: mostMatches,
          description: 'A request that fits one of these goes to the canary. Without it the route of that name ends.',
        },
      ),
    ),
  },
  {
    additionalProperties: false,
    description: 'From here on, whatever the weight, send requests with these headers to the canary.',
  },
);

const MirrorRouteSchema = Type.Object(
  {
    name: routeName,
    percentage: opt(percent('Percent of the requests to stable that are copied. Without it, or at 0, the copies end.')),
  },
  {
    additionalProperties: false,
    description:
      'From here on, copy requests to the canary, whose answers nobody sees. Without `percentage` and `match` it ends.',
    notHere: {
      match: {
        rule: 'is not possible here: copies are taken from all requests to stable',
        todo: 'Take it out, and write percentage; requests that must not be repeated have to be told apart by the application.',
      },
    },
  },
);

const notBuilt = (what: string, todo: string): { readonly rule: string; readonly todo: string } => ({
  rule: `is ${what}, which Sluice does not have`,
  todo,
});

/** One step of a list. */
export const StepSchema = Type.Object(
  {
    setWeight: opt(percent("The canary's share of the traffic, in percent. Weights must rise.")),
    pause: opt(PauseSchema),
    setCanaryScale: opt(ScaleSchema),
    analysis: opt(AnalysisStepSchema),
    setHeaderRoute: opt(HeaderRouteSchema),
    setMirrorRoute: opt(MirrorRouteSchema),
  },
  {
    additionalProperties: false,
    description: 'One step.',
    hint: 'Write {setWeight: 5} as a step, or a plain list of percentages as weights.',
    notHere: {
      experiment: notBuilt('an experiment of Argo Rollouts', 'Take the step out.'),
      plugin: notBuilt('a plugin of Argo Rollouts', 'Take the step out.'),
      replicaProgressThreshold: notBuilt('a threshold of Argo Rollouts', 'Take it out: all pods must be ready.'),
    },
    rules: [
      exactlyOne(stepKinds, `must be one kind of step: ${stepKinds.join(', ')}`, 'Write each as a step of its own.'),
    ],
  },
);
export type StepSpec = Static<typeof StepSchema>;

/** Fields of a policy that say how the new version gets traffic, beside the weights. */
import { Type } from 'typebox';
import { BlueGreenSchema } from './blue-green.ts';
import { MatchSchema, mostMatches } from './match.ts';
import { mostRounds, mostSteps, StepSchema } from './steps.ts';

export const strategyNames = ['canary', 'ab', 'blue-green'] as const;

export const strategyFields = {
  strategy: Type.Optional(
    Type.Enum([...strategyNames], {
      type: 'string',
      description:
        'How the new version gets traffic: by rising weights (`canary`), by what requests say (`ab`), all at once (`blue-green`). What the other fields say unless set.',
    }),
  ),
  stepWeights: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 100, description: 'Percent.' }), {
      minItems: 1,
      maxItems: 100,
      description: "Another name for `weights`: Flagger's.",
    }),
  ),
  steps: Type.Optional(
    Type.Array(StepSchema, {
      minItems: 1,
      maxItems: mostSteps,
      description: 'What the release does, step by step, before the promotion. Replaces `weights`.',
    }),
  ),
  blueGreen: Type.Optional(BlueGreenSchema),
  iterations: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: mostRounds,
      description:
        'How many rounds of the checks must pass, of one `interval` each, instead of rising weights: with `match` on the requests that fit, without it before all traffic is switched at once.',
    }),
  ),
  match: Type.Optional(
    Type.Array(MatchSchema, {
      minItems: 1,
      maxItems: mostMatches,
      description: 'A/B: requests that fit one of these go to the canary, for `iterations` rounds.',
    }),
  ),
  mirror: Type.Optional(
    Type.Boolean({
      description:
        'Copy requests to the canary, whose answers nobody sees: before the first weight, for one `interval`, or during the `iterations`.',
    }),
  ),
  mirrorWeight: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Percent of the requests that `mirror` copies, 100 unless set.',
    }),
  ),
} as const;

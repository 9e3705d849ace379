/** How requests are told apart, in a policy and in the plan of a Release. */
import { Type, type TSchema } from 'typebox';
import type { Labels } from '../values/kube-object.ts';
import type { Match, TextMatch } from '../values/split.ts';
import { rule, type Rule } from './rules.ts';

const most = 16;
const mostCharacters = 1024;

const opt = Type.Optional;
const compared = (description: string): Type.TString => Type.String({ maxLength: mostCharacters, description });

/** The ways to compare, each a field. */
export const waysToCompare = ['exact', 'prefix', 'suffix', 'regex'] as const;

const oneWay: Rule = rule<Partial<Record<(typeof waysToCompare)[number], string>>>({
  fields: [],
  cel: `[${waysToCompare.map((way) => `has(self.${way})`).join(', ')}].filter(x, x).size() == 1`,
  holds: (self) => waysToCompare.filter((way) => self[way] !== undefined).length === 1,
  message: `must compare in one way: ${waysToCompare.join(', ')}`,
  todo: 'Keep one of them.',
});

const textMatch = (rules: readonly Rule[]): Type.TUnsafe<TextMatch> =>
  Type.Unsafe<TextMatch>(
    Type.Object(
      {
        exact: opt(compared('The whole text.')),
        prefix: opt(compared('How it begins.')),
        suffix: opt(compared('How it ends.')),
        regex: opt(compared('An RE2 pattern of the whole text.')),
      },
      { additionalProperties: false, description: 'One way to compare.', ...(rules.length === 0 ? {} : { rules }) },
    ),
  );

/** What a person writes about one text: exactly one way to compare it. */
export const TextMatchSchema = textMatch([oneWay]);

const texts = (description: string, of: TSchema): ReturnType<typeof Type.Unsafe<{ [name: string]: TextMatch }>> =>
  Type.Unsafe<{ [name: string]: TextMatch }>({
    type: 'object',
    description,
    additionalProperties: of,
    maxProperties: most,
  });

const matchOf = (text: TSchema, options: object): ReturnType<typeof Type.Unsafe<Match>> =>
  Type.Unsafe<Match>(
    Type.Object(
      {
        headers: opt(texts('By header.', text)),
        cookies: opt(texts('By cookie.', text)),
        query: opt(texts('By query parameter.', text)),
        sourceLabels: opt(
          Type.Unsafe<Labels>({
            type: 'object',
            description: 'Labels of the calling workload.',
            additionalProperties: { type: 'string', maxLength: 63 },
            maxProperties: most,
          }),
        ),
      },
      { additionalProperties: false, ...options },
    ),
  );

/** As a Release records it. */
export const RecordedMatchSchema = matchOf(textMatch([]), {});

const parts = ['headers', 'cookies', 'query', 'sourceLabels'] as const;

/** As a person writes it: a match that says nothing would take every request. */
export const MatchSchema = matchOf(TextMatchSchema, {
  description: 'All of its conditions must hold.',
  otherNames: { queryParams: 'query', cookie: 'cookies', header: 'headers' },
  rules: [
    rule<Partial<Record<(typeof parts)[number], object>>>({
      fields: [],
      cel: `[${parts.map((part) => `has(self.${part}) && size(self.${part}) > 0`).join(', ')}].exists(x, x)`,
      holds: (self) => parts.some((part) => Object.keys(self[part] ?? {}).length > 0),
      message: 'must have a condition: without one it would take every request',
      todo: 'Write headers: {x-canary: {exact: "1"}}, for example.',
    }),
  ],
});
export { most as mostMatches };

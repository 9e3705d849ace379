/** Which ways to give traffic go together in a policy: one of them says what a release does. */
import { rule, type Rule } from './rules.ts';

/** Fields of which each is a whole plan, apart from the details that belong to it. */
export const planFields = ['weights', 'stepWeight', 'stepWeights', 'steps', 'blueGreen', 'iterations'] as const;

type Written = {
  readonly [field in (typeof planFields)[number] | 'maxWeight' | 'match' | 'mirror' | 'mirrorWeight']?: unknown;
} & { readonly strategy?: string; readonly service?: string; readonly blueGreen?: { readonly activeService?: string } };

const has = (field: string): string => `has(self.${field})`;
const given = (self: Written): readonly string[] => planFields.filter((field) => self[field] !== undefined);

/** What the fields mean by themselves, where `strategy` is not set. */
export const strategyOf = (self: Pick<Written, 'strategy' | 'blueGreen' | 'match' | 'iterations'>): string => {
  if (self.strategy !== undefined) return self.strategy;
  if (self.blueGreen !== undefined) return 'blue-green';
  if (self.iterations === undefined) return 'canary';
  return self.match === undefined ? 'blue-green' : 'ab';
};

/** The rule about `weights` and `stepWeight` has words of its own. */
const onePlan: Rule = rule<Written>({
  fields: ['steps', ...planFields.filter((field) => field !== 'steps')],
  cel: `[has(self.weights) || has(self.stepWeight), ${planFields.slice(2).map(has).join(', ')}].filter(x, x).size() <= 1`,
  holds: (self) => new Set(given(self).map((field) => (field === 'stepWeight' ? 'weights' : field))).size <= 1,
  message: `must be the only one of ${planFields.join(', ')}: each says all that a release does`,
  todo: 'Keep one of them.',
});

export const strategyRules: readonly Rule[] = [
  onePlan,
  rule<Written>({
    fields: ['match', 'iterations'],
    cel: '!has(self.match) || has(self.iterations)',
    holds: ({ match, iterations }) => match === undefined || iterations !== undefined,
    message: 'must have iterations beside it: nothing else says when the test is over',
    todo: 'Write iterations: 10, for example.',
  }),
  rule<Written>({
    fields: ['mirror', 'steps', 'blueGreen'],
    cel: '!has(self.mirror) || !(has(self.steps) || has(self.blueGreen))',
    holds: ({ mirror, steps, blueGreen }) => mirror === undefined || (steps === undefined && blueGreen === undefined),
    message: 'must not be set together with steps or blueGreen',
    todo: 'Write setMirrorRoute as a step.',
  }),
  rule<Written>({
    fields: ['mirrorWeight', 'mirror'],
    cel: '!has(self.mirrorWeight) || (has(self.mirror) && self.mirror)',
    holds: ({ mirror, mirrorWeight }) => mirrorWeight === undefined || mirror === true,
    message: 'must have mirror: true beside it',
    todo: 'Write mirror: true, or take mirrorWeight out.',
  }),
  rule<Written>({
    fields: ['strategy', ...planFields],
    cel: `!has(self.strategy) || (self.strategy == 'ab' ? has(self.match) : (self.strategy == 'blue-green' ? !has(self.match) && ![${planFields
      .slice(0, 4)
      .map(has)
      .join(', ')}].exists(x, x) : !has(self.blueGreen) && !has(self.iterations)))`,
    holds: (self) => strategyFits(self),
    message:
      'must fit the other fields: ab goes with match, blue-green with blueGreen or iterations, canary with weights or steps',
    todo: 'Take strategy out: the other fields say it.',
  }),
  rule<Written>({
    fields: ['blueGreen', 'service'],
    cel: '!has(self.blueGreen) || !has(self.blueGreen.activeService) || !has(self.service) || self.service == self.blueGreen.activeService',
    holds: ({ blueGreen, service }) =>
      blueGreen?.activeService === undefined || service === undefined || service === blueGreen.activeService,
    message: 'must name the same Service as service where both do',
    todo: 'Take one of them out.',
  }),
];

const strategyFits = (self: Written): boolean => {
  const fields = given(self);
  if (self.strategy === 'ab') return self.match !== undefined;
  if (self.strategy === 'blue-green')
    return self.match === undefined && fields.every((field) => field === 'blueGreen' || field === 'iterations');
  return self.strategy === undefined || fields.every((field) => field !== 'blueGreen' && field !== 'iterations');
};

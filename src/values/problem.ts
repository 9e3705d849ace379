/** Something wrong with what a person wrote. Every problem says where, what was found, what is allowed, and what to do. */
export type Problem = {
  /** Where: a field path (`spec.weights[2]`) or an annotation key (`sluice.dev/steps`). */
  readonly field: string;
  /** What was found there, as written. Left out when the field is missing. */
  readonly value?: string;
  /** The rule that it breaks and what is allowed instead, as a sentence fragment: `must be a whole number from 1 to 100`. */
  readonly rule: string;
  /** What the person can do, as a sentence. */
  readonly todo: string;
};

/** One line for a person: `sluice.dev/steps "120": must be a whole number from 1 to 100. Write weights such as "5,25,50".` */
export const sentence = (p: Problem): string =>
  `${p.field}${p.value === undefined ? '' : ` "${p.value}"`}: ${p.rule}. ${p.todo}`;

/** A problem with a user's input: where it is, what was found, what is allowed, and what to do. */
export type Problem = {
  /** Where: a field path (`spec.weights[2]`) or an annotation key (`sluice.dev/steps`). */
  readonly field: string;
  /** The value as written; undefined if the field is missing. */
  readonly value?: string;
  /** The broken rule and what is allowed, as a sentence fragment: `must be a whole number from 1 to 100`. */
  readonly rule: string;
  /** What the user can do, as a sentence. */
  readonly todo: string;
};

/** One line: `sluice.dev/steps "120": must be a whole number from 1 to 100. Write weights such as "5,25,50".` */
export const sentence = (p: Problem): string =>
  `${p.field}${p.value === undefined ? '' : ` "${p.value}"`}: ${p.rule}. ${p.todo}`;

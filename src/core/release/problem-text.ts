/** Problems as sentences. */
import type { Problem } from '../../values/problem.ts';

export const problemText = ({ field, value, rule, todo }: Problem): string =>
  `${field}${value === undefined ? '' : ` "${value}"`}: ${rule}. ${todo}`;

/** Every problem as a sentence or two. */
export const problemsText = (problems: readonly Problem[]): string => problems.map(problemText).join(' ');

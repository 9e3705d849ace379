/** The judges, by the name that a check selects. */
import type { Check, JudgeKind } from '../policy/policy.ts';
import { threshold } from './threshold.ts';
import type { Judge } from './verdict.ts';

export const judges: Readonly<Record<JudgeKind, Judge>> = { threshold };

/** The judge of a check that names none. */
export const judgeOf = ({ judge = 'threshold' }: Pick<Check, 'judge'>): JudgeKind => judge;

/** Turns what a source returned for one question into the answer that judges read. */
import type { Labels } from '../../values/kube-object.ts';
import type { Series } from '../judge/series.ts';
import type { Answer, Question } from './question.ts';
import { selects } from './selector.ts';
import type { Compiled, Fetched } from './source-form.ts';

/** An answer with a measurement. */
export type Measured = Extract<Answer, { readonly kind: 'measured' }>;

type ByArm = Pick<Measured, 'canary' | 'stable'>;

const apart = (compiled: Compiled, series: readonly Series[]): ByArm => {
  // A custom query is about the canary only.
  if (!('arms' in compiled)) return { canary: series, stable: [] };
  const isCanary = selects(compiled.arms.canary);
  const isStable = selects(compiled.arms.stable);
  // A series that matches both arms (with names so long that their pods cannot be distinguished) counts for neither:
  // blaming the wrong arm is worse than no data.
  const ofOne = (mine: (l: Labels) => boolean, other: (l: Labels) => boolean): readonly Series[] =>
    series.filter(({ labels }) => mine(labels) && !other(labels));
  return { canary: ofOne(isCanary, isStable), stable: ofOne(isStable, isCanary) };
};

/** The answer to a question, from what its ask returned. */
export const answerOf = (
  { window }: Pick<Question, 'window'>,
  compiled: Compiled,
  { series, notes }: Pick<Fetched, 'series' | 'notes'>,
): Measured => ({
  kind: 'measured',
  ...apart(compiled, series),
  since: compiled.ask.shape === 'samples' ? Math.min(window.from, compiled.ask.from) : window.from,
  queries: [compiled.query],
  ...('sought' in compiled ? { sought: compiled.sought } : {}),
  notes: [...new Set(notes)],
});

/** The kinds of metric sources, by name: the pure half that reads policies, and the half that asks. */
import type { SourceForms } from '../core/questions/source-form.ts';
import { compile } from './prometheus/compile.ts';
import { checkQuery } from './prometheus/query-text.ts';

export const sourceForms = { prometheus: { check: checkQuery, compile } } as const satisfies SourceForms;

/** The kinds of metric sources, by name: the pure half that reads policies, and the half that asks. */
import type { SourceForms } from '../core/questions/source-form.ts';
import { compile, ways } from './prometheus/compile.ts';
import { checkQuery } from './prometheus/query-text.ts';

export const sourceForms = { prometheus: { check: checkQuery, ways, compile } } as const satisfies SourceForms;

/** The old and the new template of an admitted write, for the audit log. */
import type { Facts } from './facts.ts';
import type { Marks } from '../marks/marks.ts';
import type { Row } from './rows.ts';

export type TemplateChange = {
  readonly from: TemplateSide;
  readonly to: TemplateSide;
};

/** A template, and its release if the workload's marks name one. */
export type TemplateSide = { readonly hash: string; readonly release?: string };

/** Cases in which the template does not change or the workload has not opted in. */
const unrecorded: ReadonlySet<Row['case']> = new Set(['not-opted-in', 'kept', 'failure-kept']);

const side = (hash: string, release: string | undefined): TemplateSide => ({
  hash,
  ...(release === undefined ? {} : { release }),
});

/** Undefined if there is nothing to record. */
export const templateChange = (row: Row['case'], facts: Facts, marks: Marks): TemplateChange | undefined =>
  unrecorded.has(row)
    ? undefined
    : { from: side(facts.oldHash, facts.bound?.release), to: side(facts.wanted.releaseHash, marks.release) };

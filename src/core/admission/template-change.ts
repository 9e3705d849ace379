/** What an admitted write makes of a workload's template, for the record: from which template to which. */
import type { Facts } from './facts.ts';
import type { Marks } from '../marks/marks.ts';
import type { Row } from './rows.ts';

export type TemplateChange = {
  readonly from: TemplateSide;
  readonly to: TemplateSide;
};

/** A template, and the release it is the subject of where the workload's marks say so. */
export type TemplateSide = { readonly hash: string; readonly release?: string };

/** Nothing happens to the template, or it is none of ours. */
const unrecorded: ReadonlySet<Row['case']> = new Set(['not-opted-in', 'kept', 'failure-kept']);

const side = (hash: string, release: string | undefined): TemplateSide => ({
  hash,
  ...(release === undefined ? {} : { release }),
});

/** Undefined where there is nothing to record. */
export const templateChange = (row: Row['case'], facts: Facts, marks: Marks): TemplateChange | undefined =>
  unrecorded.has(row)
    ? undefined
    : { from: side(facts.oldHash, facts.bound?.release), to: side(facts.wanted.releaseHash, marks.release) };

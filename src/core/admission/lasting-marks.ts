/** The marks that outlive releases: what was good, what failed, what rolled last, and which skips are used up. */
import { failedTemplate, withFailed } from '../marks/failed-templates.ts';
import { readMarks, withKnownGood, type Marks } from '../marks/marks.ts';
import type { Facts } from './facts.ts';
import { withUsedSkip } from './used-skips.ts';

/** The marks that outlive releases. */
export const lastingMarks = (facts: Facts): Marks => {
  const { knownGood, admitted, old } = facts;
  const { skips } = readMarks(old.metadata.annotations);
  const failed = failedMark(facts);
  return {
    ...(knownGood === undefined ? {} : { knownGood }),
    ...(admitted === undefined ? {} : { admitted }),
    ...(skips === undefined ? {} : { skips }),
    ...(failed === undefined ? {} : { failed }),
  };
};

/** A template that failed is remembered when another takes its place. */
const failedMark = ({ standing, templateChanged, bound, old }: Facts): string | undefined => {
  const { annotations } = old.metadata;
  if (standing !== 'failed' || !templateChanged || bound === undefined) return readMarks(annotations).failed;
  const { releaseHash: hash, release } = bound;
  return withFailed(annotations, failedTemplate(annotations, hash) ?? { hash, release, outcome: 'Failed' });
};

/** The mark that remembers this write's skip reason, if it has one. */
export const usedSkip = ({ skip, old, wanted }: Facts): Marks =>
  skip === undefined ? {} : { skips: withUsedSkip(old.metadata.annotations, wanted.releaseHash, skip) };

/** The lasting marks when this write's template rolls natively. */
export const admittedMarks = (facts: Facts): Marks => ({ ...lastingMarks(facts), admitted: facts.wanted.releaseHash });

/**
 * The lasting marks when a new template arrives. If it interrupts a promotion, both of its templates become known
 * good.
 */
export const supersedingMarks = (facts: Facts): Marks => {
  const { bound, standing, old } = facts;
  if (standing !== 'rolling' || bound?.phase !== 'Promoting') return lastingMarks(facts);
  return {
    ...lastingMarks(facts),
    knownGood: withKnownGood(old.metadata.annotations, bound.releaseHash, bound.stableHash),
  };
};

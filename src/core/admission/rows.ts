/** The table that decides about an UPDATE of a workload. The first row that matches decides. */
import { restartOnly } from '../template/restart-only.ts';
import { nextRelease, requestedBy, type Facts } from './facts.ts';
import { admittedMarks, lastingMarks, supersedingMarks, usedSkip } from './lasting-marks.ts';
import type { Marks, RecordPhase } from '../marks/marks.ts';
import { isWithoutEffect } from './user-annotations.ts';
import * as say from './warnings.ts';

/** What the answer changes in the write. `as-sent`: `paused` stays as the client sent it. */
export type Ruling = {
  readonly paused: boolean | 'as-sent';
  /** The complete set of marks the object gets. */
  readonly marks: Marks;
  readonly warnings: readonly string[];
};

type RowCase =
  | 'not-opted-in'
  | 'opted-out'
  | 'aborted'
  | 'withdrawn'
  | 'rolled-back'
  | 'skipped'
  | 'resumed-unjudged'
  | 'pause-kept'
  | 'failure-kept'
  | 'kept'
  | 'user-paused'
  | 'bootstrap'
  | 'rolls-alone'
  | 'known-good'
  | 'restarted'
  | 'failed-again'
  | 'resumed'
  | 'superseded'
  | 'failed-replaced'
  | 'released';

export type Row = {
  readonly case: RowCase;
  readonly because: string;
  readonly when: (facts: Facts) => boolean;
  readonly then: (facts: Facts) => Ruling;
  /** The row starts a release, so the write is denied if the policy is invalid. */
  readonly needsPolicy?: true;
};

const held = ({ standing }: Facts): boolean => standing === 'running' || standing === 'failed';
const back = ({ templateChanged, bound, wanted }: Facts): boolean =>
  templateChanged && bound?.stableHash === wanted.releaseHash;
const asksToRoll = ({ templateChanged, standing, pauseStays }: Facts): boolean =>
  templateChanged || (standing === 'user-paused' && !pauseStays);

/** Lets the template roll natively. Lifts only pauses that Sluice caused. */
const native = (facts: Facts, warnings: readonly string[]): Ruling => ({
  paused: held(facts) || facts.standing === 'user-paused' || facts.pauseCopied ? false : 'as-sent',
  marks: { ...admittedMarks(facts), ...authorOfEnd(facts) },
  warnings,
});

/** Records the author of a write that ends a release. The write starts no release that could name them. */
const authorOfEnd = ({ standing, input }: Facts): Marks =>
  standing === 'running' || standing === 'rolling' ? { requestedBy: requestedBy(input) } : {};

/**
 * Lets the template roll natively and records it as a Release, unless a release is under way, which then records it
 * itself.
 */
const recorded = (facts: Facts, phase: RecordPhase, warnings: readonly string[]): Ruling => {
  const ruling = native(facts, warnings);
  const { standing, wanted } = facts;
  if (standing === 'running' || standing === 'rolling') return ruling;
  return { ...ruling, marks: { ...ruling.marks, ...wanted, phase } };
};

const release = (facts: Facts, warnings: readonly string[]): Ruling => ({
  paused: true,
  marks: { ...supersedingMarks(facts), ...facts.wanted },
  warnings,
});

/** The earlier Release tells of the template, so no other begins. */
const heldAgain = (facts: Facts): Ruling => {
  const name = facts.failedBefore?.release ?? facts.wanted.release;
  const { marks, ...ruling } = release(facts, say.failedAgainWarnings(facts));
  return { ...ruling, marks: { ...marks, release: name, phase: 'Failed' } };
};

const carried = (facts: Facts, warnings: readonly string[] = []): Ruling => ({
  paused: held(facts) || (facts.pauseCopied ? false : 'as-sent'),
  marks: { ...lastingMarks(facts), ...facts.bound },
  warnings,
});

/** A running release ends as Skipped. A failed one is over, so the skip gets a Release of its own. */
const skipped = (facts: Facts): Ruling => {
  const { standing, templateChanged, wanted, old, input } = facts;
  const name = standing === 'failed' && !templateChanged ? nextRelease(old) : wanted.release;
  const by = requestedBy(input);
  const skip = { ...wanted, release: name, requestedBy: by, phase: 'Skipped' };
  const marks = { ...supersedingMarks(facts), ...usedSkip(facts), ...skip };
  return { paused: false, marks, warnings: say.skippedWarnings(facts) };
};

/** A skip that comes too early is used up as well: its copy on a ReplicaSet must not take effect later. */
const kept = (facts: Facts): Ruling => {
  const { paused, marks: carriedOver } = carried(facts);
  const marks = { ...carriedOver, ...usedSkip(facts) };
  const warnings = [say.uselessSkipWarnings(facts), say.planKeptWarnings(facts), say.ownMarksWarnings(facts, marks)];
  return { paused, marks, warnings: warnings.flat() };
};

export const rows: readonly Row[] = [
  {
    case: 'not-opted-in',
    because: 'the workload has not asked for canary releases',
    when: (f) => !f.optedIn && f.bound === undefined,
    then: (f) => ({
      paused: 'as-sent',
      marks: {},
      warnings:
        f.annotationsChanged && isWithoutEffect(f.object.metadata, f.parsed.optIn) ? [say.notOptedInWarning] : [],
    }),
  },
  {
    case: 'opted-out',
    because: 'the workload no longer asks for canary releases',
    when: (f) => !f.optedIn,
    then: (f) => ({ ...native(f, say.optedOutWarnings(f)), marks: {} }),
  },
  {
    case: 'aborted',
    because: 'the template that serves is back',
    when: (f) => held(f) && back(f),
    then: (f) => native(f, say.abortedWarnings(f)),
  },
  {
    case: 'withdrawn',
    because: 'the template that serves is back while the user keeps the workload paused',
    when: (f) => f.standing === 'user-paused' && back(f),
    then: (f) => ({ ...native(f, []), paused: 'as-sent' }),
  },
  {
    case: 'rolled-back',
    because: 'the template from before the roll that is under way is back',
    when: (f) => f.standing === 'rolling' && back(f),
    then: (f) => native(f, say.rolledBackWarnings(f)),
  },
  {
    case: 'skipped',
    because: 'this write asks for a native roll',
    when: (f) => f.skip !== undefined && (f.templateChanged || held(f) || f.standing === 'user-paused'),
    then: skipped,
  },
  {
    case: 'resumed-unjudged',
    because: 'the kind Release is missing, so nothing can judge the template: whoever resumes it decides',
    when: (f) => f.input.releasesMissing === true && !f.templateChanged && held(f) && f.object.spec.paused !== true,
    then: (f) => native(f, say.resumedUnjudgedWarnings(f)),
  },
  {
    case: 'pause-kept',
    because: 'only the release decides when its template rolls',
    when: (f) => !f.templateChanged && f.standing === 'running' && f.object.spec.paused !== true,
    then: (f) => carried(f, say.pauseKeptWarnings(f)),
  },
  {
    case: 'failure-kept',
    because: 'the template has failed and stays held',
    when: (f) => !f.templateChanged && f.standing === 'failed',
    then: (f) => carried(f, say.failureWarnings(f)),
  },
  {
    case: 'kept',
    because: 'nothing that matters to a release changes',
    when: (f) => !asksToRoll(f),
    then: kept,
  },
  {
    case: 'user-paused',
    because: 'the user has paused the workload, before this change or with it: the release waits until they resume it',
    when: (f) => f.pauseStays,
    then: (f) => ({
      paused: 'as-sent',
      marks: { ...supersedingMarks(f), ...f.wanted, phase: 'UserPaused' },
      warnings: say.userPausedWarnings(f),
    }),
    needsPolicy: true,
  },
  {
    case: 'bootstrap',
    because: 'nothing serves that a canary could be compared with, and a fix must get through',
    when: (f) => f.noStable !== undefined,
    then: (f) => native(f, say.bootstrapWarnings(f)),
  },
  {
    case: 'rolls-alone',
    because: 'its pods must not run twice, and only its namespace or a selector opts it in',
    when: (f) => f.rollsAlone !== undefined,
    then: (f) => native(f, say.rollsAloneWarnings(f)),
  },
  {
    case: 'known-good',
    because: 'the template was promoted before and the policy rolls back fast',
    when: (f) => f.wasKnownGood && f.policy?.rollback !== 'canary',
    then: (f) => recorded(f, 'RolledBack', say.rolledBackWarnings(f)),
  },
  {
    case: 'restarted',
    because: 'the pods are restarted and the policy does that natively',
    when: (f) =>
      f.standing === 'idle' &&
      f.policy?.restart === 'native' &&
      restartOnly(f.old.spec.template, f.object.spec.template),
    then: (f) => recorded(f, 'Restarted', say.restartedWarnings),
  },
  {
    case: 'failed-again',
    because: 'the template failed earlier and was put back: it is held until a person has it tried again',
    when: (f) => f.failedBefore !== undefined,
    then: (f) => heldAgain(f),
    needsPolicy: true,
  },
  {
    case: 'resumed',
    because: 'the user resumes a workload whose template they changed meanwhile',
    when: (f) => !f.templateChanged,
    then: (f) => release(f, say.releaseWarnings(f)),
    needsPolicy: true,
  },
  {
    case: 'superseded',
    because: 'the template changes again during a release',
    when: (f) => f.standing === 'running',
    then: (f) => release(f, say.supersededWarnings(f)),
    needsPolicy: true,
  },
  {
    case: 'failed-replaced',
    because: 'a failed template is replaced by another',
    when: (f) => f.standing === 'failed',
    then: (f) => release(f, say.failedReplacedWarnings(f)),
    needsPolicy: true,
  },
  {
    case: 'released',
    because: 'the template changes',
    when: () => true,
    then: (f) => release(f, say.releaseWarnings(f)),
    needsPolicy: true,
  },
];

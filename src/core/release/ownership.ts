/** Whether the workload still wants this release. Abort, skip, another template and opting out all show on the workload. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { readRequester, recordPhase } from '../marks/marks.ts';
import { printable } from '../../values/printable.ts';
import type { Facts } from './facts.ts';
import { nativeEnd } from './native-end.ts';
import { endWith, type Decided } from './state.ts';

/** The status with its ending decided; undefined if the workload still wants the release or it is ending already. */
export const ownership = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  if (status.ending !== undefined) return undefined;
  const end = endOf(status, facts);
  return end === undefined ? undefined : endWith(status, facts, end, keepsShare(status, facts, end));
};

/**
 * Whether the canary keeps its share until the end of the roll. A superseded promotion keeps it while stable rolls. A
 * rollback gives it up at once, since a rolling update leaves enough stable pods; with Recreate no stable pod is left.
 */
const keepsShare = (status: ReleaseStatus, { workload }: Facts, { outcome }: Decided): boolean =>
  status.phase === 'Promoting' && (outcome === 'Superseded' || (outcome === 'Aborted' && workload.vanishes));

const endOf = (status: ReleaseStatus, facts: Facts): Decided | undefined => {
  const { marks } = facts.workload;
  if (marks === undefined) return withoutMarks(status, facts);
  if (marks.release !== facts.release.name) return superseded(status, marks.release);
  if (marks.phase === 'Skipped') return skipped(facts);
  const recorded = recordPhase(marks.phase);
  if (recorded !== undefined) return nativeEnd(recorded, readRequester(marks.requestedBy));
  if (marks.phase === 'Promoting') return status.phase === 'Promoting' ? undefined : promotedBefore;
  return facts.workload.paused || status.phase === 'Promoting' ? undefined : unpaused;
};

const skipped = ({ workload: { skip, marks } }: Facts): Decided => {
  // The webhook put the author of the skip into the mark.
  const author = readRequester(marks?.requestedBy)?.user;
  return {
    outcome: 'Skipped',
    reason: 'SkipRequested',
    message: `skipped${author === undefined ? '' : ` by ${printable(author)}`}: the template rolls natively${skip === undefined ? '' : ` (${skip})`}`,
  };
};

const superseded = (status: ReleaseStatus, by: string): Decided => ({
  outcome: 'Superseded',
  reason: status.phase === 'Promoting' ? 'SupersededInPromotion' : 'Superseded',
  message: `superseded by release ${by}`,
});

/** Only a promotion writes this mark, so this Release replaces one that was deleted while its template rolled. */
const promotedBefore: Decided = {
  outcome: 'Succeeded',
  reason: 'Promoted',
  message: 'promoted before; the Release that told of it was deleted',
};

const unpaused: Decided = {
  outcome: 'Bypassed',
  reason: 'Unpaused',
  message: 'the workload was unpaused while the webhook was away; its template rolls natively, unjudged',
};

/** Without marks, or with marks of another template, the present template shows what happened. */
const withoutMarks = (status: ReleaseStatus, facts: Facts): Decided | undefined => {
  const { templateHash, stableHash } = facts.release.spec;
  const { workload } = facts;
  if (workload.templateHash === stableHash) return by(workload.endedBy, templateBack);
  const mine = workload.templateHash === templateHash;
  // The user opted out while the promoted template rolls: the roll simply finishes.
  if (mine && status.phase === 'Promoting' && !workload.paused) return undefined;
  if (!workload.optedIn) return optedOut;
  // A paused template without marks came in past the webhook. It gets marks of its own soon, and they decide.
  if (workload.paused) return undefined;
  if (mine) return unpaused;
  return by(workload.endedBy, workload.knownGood ? rolledBack : rolledNatively);
};

/** Adds to the message who applied the new template, if the webhook saw it. */
const by = (author: string | undefined, end: Decided): Decided => {
  const requester = readRequester(author);
  if (requester === undefined) return end;
  const tool = requester.tool === undefined ? '' : ` with ${printable(requester.tool)}`;
  return { ...end, message: `${end.message} (applied by ${printable(requester.user)}${tool})` };
};

const templateBack: Decided = {
  outcome: 'Aborted',
  reason: 'TemplateBack',
  message: 'the template that was stable before is back',
};

const optedOut: Decided = {
  outcome: 'Aborted',
  reason: 'OptedOut',
  message: 'the workload no longer asks for a canary; it rolls natively',
};

const rolledBack: Decided = {
  outcome: 'Aborted',
  reason: 'RolledBack',
  message: 'a template that is known to be good is back; it rolls natively, at once',
};

/** A fix for a broken workload, or a template that came in past the webhook and has a Release of its own by now. */
const rolledNatively: Decided = {
  outcome: 'Superseded',
  reason: 'RolledNatively',
  message: 'superseded by a template that rolls natively',
};

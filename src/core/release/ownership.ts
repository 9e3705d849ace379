/** Whether the workload still wants this release: abort, skip, another template and opting out all show in its marks. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { readRequester, recordPhase } from '../marks/marks.ts';
import { printable } from '../../values/printable.ts';
import type { Facts } from './facts.ts';
import { nativeEnd } from './native-end.ts';
import { endWith, type Decided } from './state.ts';

/** The status with its ending decided, or undefined while the workload still wants the release (or the end is decided already). */
export const ownership = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  if (status.ending !== undefined) return undefined;
  const end = endOf(status, facts);
  return end === undefined ? undefined : endWith(status, facts, end, keepsShare(status, facts, end));
};

/**
 * In the middle of a promotion stable rolls, and the canary's share is not taken from it before that is over. Who goes
 * back does not want the canary any longer, and a rolling update keeps enough of stable; Recreate keeps nothing.
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
  // The write that skipped has put its author into the mark.
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

/** The mark is written by a promotion alone: this Release stands in for one that was deleted while its template rolled. */
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

/** No marks, or marks of another template: the template says what has happened. */
const withoutMarks = (status: ReleaseStatus, facts: Facts): Decided | undefined => {
  const { templateHash, stableHash } = facts.release.spec;
  const { workload } = facts;
  if (workload.templateHash === stableHash) return by(workload.endedBy, templateBack);
  const mine = workload.templateHash === templateHash;
  // Opted out while the roll of the promoted template is under way: it simply finishes.
  if (mine && status.phase === 'Promoting' && !workload.paused) return undefined;
  if (!workload.optedIn) return optedOut;
  // A paused template without marks has come in past the webhook; it is given marks of its own, and they decide.
  if (workload.paused) return undefined;
  if (mine) return unpaused;
  return by(workload.endedBy, workload.knownGood ? rolledBack : rolledNatively);
};

/** With the name of who applied the template that has come instead, where the webhook has seen it. */
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

/** A fix of something broken, or one that has come in past the webhook: that has a Release of its own by now. */
const rolledNatively: Decided = {
  outcome: 'Superseded',
  reason: 'RolledNatively',
  message: 'superseded by a template that rolls natively',
};

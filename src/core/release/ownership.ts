/** Whether the workload still wants this release: abort, skip, another template and opting out all show in its marks. */
import type { ReleaseStatus } from '../../schema/release.ts';
import type { Facts } from './facts.ts';
import { endWith } from './state.ts';

/** The status with its ending decided, or undefined while the workload still wants the release (or the end is decided already). */
export const ownership = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  if (status.ending !== undefined) return undefined;
  const { marks } = facts.workload;
  if (marks === undefined) return withoutMarks(status, facts);
  if (marks.release !== facts.release.name) return superseded(status, facts, marks.release);
  return marks.phase === 'Skipped' ? skipped(status, facts) : unpausedBySomebody(status, facts);
};

const skipped = (status: ReleaseStatus, facts: Facts): ReleaseStatus =>
  endWith(status, facts, {
    outcome: 'Skipped',
    reason: 'SkipRequested',
    message: `skipped: the template rolls natively${facts.workload.skip === undefined ? '' : ` (${facts.workload.skip})`}`,
  });

const superseded = (status: ReleaseStatus, facts: Facts, by: string): ReleaseStatus =>
  endWith(status, facts, {
    outcome: 'Superseded',
    reason: status.phase === 'Promoting' ? 'SupersededInPromotion' : 'Superseded',
    message: `superseded by release ${by}`,
  });

const withoutMarks = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const { spec } = facts.release;
  const { templateHash, paused } = facts.workload;
  if (templateHash === spec.stableHash) {
    return endWith(status, facts, {
      outcome: 'Aborted',
      reason: 'TemplateBack',
      message: 'the template that was stable before is back',
    });
  }
  // Opted out while the roll of the promoted template is under way: it simply finishes.
  if (status.phase === 'Promoting' && !paused && templateHash === spec.templateHash) return undefined;
  return endWith(status, facts, {
    outcome: 'Aborted',
    reason: 'OptedOut',
    message: 'the workload no longer asks for a canary; it rolls natively',
  });
};

const unpausedBySomebody = (status: ReleaseStatus, facts: Facts): ReleaseStatus | undefined => {
  const { paused, marks } = facts.workload;
  if (paused || marks?.phase === 'Promoting' || status.phase === 'Promoting') return undefined;
  return endWith(status, facts, {
    outcome: 'Aborted',
    reason: 'Unpaused',
    message: 'the workload was unpaused while the webhook was not there to prevent it; it rolls natively',
  });
};

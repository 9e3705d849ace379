/** What stages that hold a release have in common: since when, and until when or whom. */
import type { Stage } from '../../plan/plan.ts';
import type { Hold } from '../../policy/strategy.ts';
import type { ReleaseStatus } from '../../../schema/release.ts';
import { fromRfc3339, type Instant } from '../../../values/time.ts';
import type { Facts } from '../facts.ts';
import { placeText } from '../share.ts';
import { inPhase, withStatus } from '../state.ts';

type Held = Pick<Stage, 'id'> & { readonly for?: Hold };

/** The time of a stage begins with its split in place. */
export const heldSince = ({ splitInPlaceAt, stageEnteredAt }: ReleaseStatus, { now }: Pick<Facts, 'now'>): Instant =>
  Math.max(fromRfc3339(splitInPlaceAt) ?? now, fromRfc3339(stageEnteredAt) ?? 0);

/** A person has approved the promotion: nothing before it is waited for any more. */
export const isGranted = ({ for: hold }: Held, { approved }: ReleaseStatus): boolean =>
  hold === 'approval' && approved !== undefined;

/** What comes after the last stage of the plan but one is the promotion, which has its own words. */
const isLast = ({ id }: Held, { plan: { stages } }: Facts): boolean => stages.at(-2)?.id === id;

/** The status in which the stage waits: for a person, or for nobody. */
export const waitsForPerson = (stage: Held, status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  if (stage.for !== 'approval' || isGranted(stage, status)) return inPhase(status, 'Progressing', facts);
  const waiting = inPhase(status, 'Waiting', facts);
  return isLast(stage, facts) ? waiting : withStatus(waiting, { waiting: personText(status, facts) });
};

/** Why the release stands still in the middle of its plan, and the command that moves it. */
export const personText = (status: ReleaseStatus, { release }: Facts): NonNullable<ReleaseStatus['waiting']> => {
  return {
    reason: 'ApprovalRequired',
    message: `waiting at ${placeText(status)} until a person goes on: kubectl sluice resume ${release.spec.workload.name}`,
  };
};

/** What stages that hold a release have in common: since when, and until when or whom. */
import type { Stage } from '../../plan/plan.ts';
import type { Hold } from '../../policy/strategy.ts';
import type { ReleaseStatus } from '../../../schema/release.ts';
import { fromRfc3339, type Instant } from '../../../values/time.ts';
import type { Facts } from '../facts.ts';
import { placeText } from '../share.ts';
import { inPhase, withStatus } from '../state.ts';

type Held = Pick<Stage, 'id'> & { readonly for?: Hold };

/** When the time of a stage began: once its split was in place. */
export const heldSince = ({ splitInPlaceAt, stageEnteredAt }: ReleaseStatus, { now }: Pick<Facts, 'now'>): Instant =>
  Math.max(fromRfc3339(splitInPlaceAt) ?? now, fromRfc3339(stageEnteredAt) ?? 0);

/** Whether a user has approved the promotion, so that no stage before it waits for a user any more. */
export const isGranted = ({ for: hold }: Held, { approved }: ReleaseStatus): boolean =>
  hold === 'approval' && approved !== undefined;

/** Whether the next stage is the promotion, which has its own message. */
const isLast = ({ id }: Held, { plan: { stages } }: Facts): boolean => stages.at(-2)?.id === id;

/** The status of the stage: `Waiting` if it waits for a user, otherwise `Progressing`. */
export const waitsForPerson = (stage: Held, status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  if (stage.for !== 'approval' || isGranted(stage, status)) return inPhase(status, 'Progressing', facts);
  const waiting = inPhase(status, 'Waiting', facts);
  return isLast(stage, facts) ? waiting : withStatus(waiting, { waiting: personText(status, facts) });
};

/** Why the release waits in the middle of its plan, and the command that continues it. */
export const personText = (status: ReleaseStatus, { release }: Facts): NonNullable<ReleaseStatus['waiting']> => {
  return {
    reason: 'ApprovalRequired',
    message: `waiting at ${placeText(status)} until a person goes on: kubectl sluice resume ${release.spec.workload.name}`,
  };
};

/**
 * The Service does not lead to the new template yet, as where both are written in one commit and the Deployment is written
 * first. The canary is made ready meanwhile, as native pods would be, and nothing is routed to it.
 */
import type { ReleaseStatus, Waiting } from '../../schema/release.ts';
import { fromRfc3339 } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import type { Next } from './stages/handler.ts';
import { cannotStart } from './cannot-start.ts';
import { problemText } from './problem-text.ts';

/** Undefined where the Service leads to the new template; past the deadline the release fails. */
export const heldByApex = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  if (facts.unfit === undefined) return undefined;
  const deadline = (fromRfc3339(status.phaseEnteredAt) ?? facts.now) + facts.plan.progressDeadline;
  return facts.now < deadline ? { wakeAt: deadline } : { status: cannotStart(status, facts, [facts.unfit]) };
};

export const waitingForApex = ({ phase, ending }: ReleaseStatus, { unfit }: Facts): Waiting | undefined =>
  phase !== 'Preparing' || ending !== undefined || unfit === undefined
    ? undefined
    : {
        reason: 'CannotStart',
        message: `the canary is made ready, and gets no request yet: ${problemText(unfit)} Once that is done, the release goes on by itself.`,
      };

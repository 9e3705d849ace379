/** Give the template to stable: the workload is unpaused, and the canary serves until its roll is over. */
import type { ReleaseStatus } from '../../../schema/release.ts';
import { percent } from '../../../values/percent.ts';
import { fromRfc3339 } from '../../../values/time.ts';
import type { Split } from '../../../values/split.ts';
import type { Facts } from '../facts.ts';
import { holdSplit, settled } from '../hold-split.ts';
import { endWith, inPhase, wantedSplit, wanting } from '../state.ts';
import type { Handler, Next } from './handler.ts';

/** With strategy Recreate no stable pod serves while it rolls, so the canary takes everything first. */
const splitFor = (status: ReleaseStatus, { workload, plan }: Facts): Split => {
  if (workload.recreate) return { weight: percent(100) };
  const wanted = wantedSplit(status);
  if (wanted.weight > 0) return wanted;
  return plan.stages.find((stage) => stage.do === 'split')?.split ?? wanted;
};

const delayOf = ({ workload, plan }: Facts): number => (workload.recreate ? plan.propagationDelay : 0);

/** When stable may be unpaused; undefined while the promotion's own split is not in place. */
export const promotableAt = (status: ReleaseStatus, facts: Facts): number | undefined => {
  const at = fromRfc3339(status.splitInPlaceAt);
  return at === undefined ? undefined : at + delayOf(facts);
};

const isPromoted = ({ workload, release }: Facts): boolean =>
  !workload.paused && workload.templateHash === release.spec.templateHash;

const succeeded = (status: ReleaseStatus, facts: Facts): Next => ({
  status: endWith(status, facts, {
    outcome: 'Succeeded',
    reason: 'Promoted',
    message: `promoted: every pod of ${facts.release.spec.workload.name} runs the new template`,
  }),
});

export const promote: Handler<'promote'> = {
  enter: (_stage, status, facts) => {
    const promoting = inPhase(status, 'Promoting', facts);
    const wanted = splitFor(status, facts);
    return wanted.weight === status.weight ? promoting : settled(wanting(promoting, wanted), facts);
  },
  next: (_stage, status, facts) => {
    if (isPromoted(facts) && facts.workload.complete) return succeeded(status, facts);
    const kept = holdSplit(status, facts);
    if (kept !== undefined) return kept;
    const at = promotableAt(status, facts);
    return at === undefined || at <= facts.now ? {} : { wakeAt: at };
  },
};

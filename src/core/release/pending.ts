/** Before a release starts: whoever is ahead of it, and what keeps it from starting. Nothing has been made yet. */
import { mostShared, type ReleaseStatus } from '../../schema/release.ts';
import { fromRfc3339 } from '../../values/time.ts';
import { noSplit } from '../../values/split.ts';
import { cannotStart } from './cannot-start.ts';
import type { Facts } from './facts.ts';
import { isOff } from './off.ts';
import type { Next } from './stages/handler.ts';
import { enterFirst } from './stages/table.ts';
import { endWith, wanting, withStatus } from './state.ts';

export const pending = (status: ReleaseStatus, facts: Facts): Exclude<Next, { readonly over: ReleaseStatus }> => {
  // It makes nothing, so whoever is ahead of it is not in its way.
  if (facts.rollsAlone !== undefined)
    return { status: endWith(status, facts, { outcome: 'Skipped', ...facts.rollsAlone }) };
  if (facts.ahead !== undefined || facts.inTheWay !== undefined) return {};
  if (isOff(facts)) return {};
  if (facts.policyProblem !== undefined) return {};
  if (facts.preflight.length > 0) return blocked(status, facts);
  const steps = facts.plan.stages.filter((stage) => stage.do === 'split').length;
  const started = withStatus(wanting(status, noSplit), {
    step: 0,
    steps,
    stepLabel: `0/${steps}`,
    provider: facts.provider,
    providerBecause: facts.providerBecause,
    service: facts.service,
    sharedWith: facts.route.shared?.workloads.slice(0, mostShared),
    waiting: undefined,
  });
  return { status: enterFirst(started, facts) };
};

const blocked = (status: ReleaseStatus, facts: Facts): Exclude<Next, { readonly over: ReleaseStatus }> => {
  const deadline = (fromRfc3339(status.phaseEnteredAt) ?? facts.now) + facts.plan.progressDeadline;
  if (facts.now < deadline) return { wakeAt: deadline };
  return { status: cannotStart(status, facts, facts.preflight) };
};

/** Records since when the canary has had too few ready pods, and fails the release when that lasts too long. */
import type { ReleaseStatus } from '../../schema/release.ts';
import { fromRfc3339, toRfc3339 } from '../../values/time.ts';
import { podsAtTheEnd, readyText, toldAt } from './canary-pods.ts';
import { owedBefore, readyAgain } from './canary-flaps.ts';
import { enoughReady } from './canary-size.ts';
import type { Facts } from './facts.ts';
import type { Next } from './stages/handler.ts';
import { endWith, withStatus } from './state.ts';

/** Undefined if the canary has enough ready pods and no shortage is recorded. */
export const shortOfPods = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  const since = fromRfc3339(status.canaryShortSince);
  if (enoughReady(status, facts)) return since === undefined ? undefined : { status: readyAgain(status, since, facts) };
  if (since === undefined) return { status: withStatus(status, { canaryShortSince: toRfc3339(facts.now) }) };
  const deadline = since + facts.plan.progressDeadline - owedBefore(status, since);
  if (facts.now >= deadline) return { status: failNotReady(status, facts) };
  return { wakeAt: Math.min(deadline, toldAt(status, facts) ?? deadline) };
};

const failNotReady = (status: ReleaseStatus, facts: Facts): ReleaseStatus => {
  const pods = podsAtTheEnd(status, facts);
  const reasons = pods
    .map((p) => `${p.name}: ${p.reason}${p.message === undefined ? '' : ` (${p.message})`}`)
    .join('; ');
  const seconds = facts.plan.progressDeadline / 1000;
  const ready = readyText(status, facts);
  const refused = facts.refused === undefined ? '' : `refused by the API server: ${facts.refused}`;
  const why = [ready, reasons, refused].filter((text) => text !== '').join('; ');
  const owed = owedBefore(status, fromRfc3339(status.canaryShortSince) ?? facts.now);
  const times = (status.canaryFlaps?.times ?? 0) + 1;
  const within = owed === 0 ? `within ${seconds} s` : `for ${seconds} s in all, over ${times} times`;
  const message = `the canary was not ready ${within}: ${why}`;
  const failed = endWith(status, facts, { outcome: 'Failed', reason: 'CanaryNotReady', message });
  return withStatus(failed, { pods });
};

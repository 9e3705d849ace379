/** Questions about a release's state that several parts ask. */
import { finalPhases, type Outcome, type Phase, type ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';

export const isFinal = (phase: Phase): boolean => (finalPhases as readonly Phase[]).includes(phase);

/** The status without keys that have no value: JSON has no undefined, and equality should not see any. */
export const withStatus = (
  status: ReleaseStatus,
  change: { [K in keyof ReleaseStatus]?: ReleaseStatus[K] | undefined },
): ReleaseStatus =>
  Object.fromEntries(
    Object.entries({ ...status, ...change }).filter(([, value]) => value !== undefined),
  ) as ReleaseStatus;

export type Decided = {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
};

/**
 * Decide how it ends. From here on only taking down is left. `keepsShare`: not before stable, which is in the middle of
 * a roll, is at full size again.
 */
export const endWith = (status: ReleaseStatus, facts: Facts, end: Decided, keepsShare = false): ReleaseStatus =>
  withStatus(status, {
    phase: phaseWhileEnding(end.outcome),
    message: end.message,
    weight: keepsShare ? status.weight : 0,
    enteredAt: toRfc3339(facts.now),
    ending: { ...end, at: toRfc3339(facts.now) },
    unreadySince: undefined,
  });

const phaseWhileEnding = (outcome: Outcome): Phase => {
  if (outcome === 'Succeeded') return 'Promoting';
  return outcome === 'Failed' ? 'Failing' : 'Withdrawing';
};

/** A split or a restoration that does not hold is repaired at once but recorded at most this often, so that no fault can become a storm of writes. */
export const repairPause: Milliseconds = 1000;

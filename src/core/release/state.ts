/** Questions about a release's state that several parts ask. */
import { finalPhases, type Outcome, type Phase, type ReleaseStatus } from '../../schema/release.ts';
import { readSplit, recordSplit } from '../plan/recorded-split.ts';
import { percent } from '../../values/percent.ts';
import { noSplit, type Split } from '../../values/split.ts';
import { fromRfc3339, toRfc3339, type Instant, type Milliseconds } from '../../values/time.ts';
import type { Facts } from './facts.ts';
import { sizeBefore, sizeToReach, splitMeanwhile } from './growth.ts';

export const isFinal = (phase: Phase): boolean => (finalPhases as readonly Phase[]).includes(phase);

/** The status without keys that have no value: JSON has no undefined, and equality should not see any. */
export const withStatus = (
  status: ReleaseStatus,
  change: { [K in keyof ReleaseStatus]?: ReleaseStatus[K] | undefined },
): ReleaseStatus =>
  Object.fromEntries(
    Object.entries({ ...status, ...change }).filter(([, value]) => value !== undefined),
  ) as ReleaseStatus;

/** The split that the routes should show in the end. A canary that stands in for stable gets all traffic in any case. */
export const wantedSplit = ({ wanted, standIn }: ReleaseStatus): Split => {
  if (standIn !== undefined) return everything;
  return wanted === undefined ? noSplit : readSplit(wanted.split);
};

export const everything: Split = { weight: percent(100) };

/** The status with another wanted split. `kubectl get` shows its `weight`. */
export const wanting = (status: ReleaseStatus, split: Split): ReleaseStatus => {
  const wanted = withStatus(status, { wanted: { split: recordSplit(split) } });
  return withStatus(wanted, { weight: wantedSplit(wanted).weight });
};

/** The status in a phase. Keeps the time of entry if the release is in that phase already. */
export const inPhase = (status: ReleaseStatus, phase: Phase, facts: Pick<Facts, 'now'>): ReleaseStatus =>
  status.phase === phase ? status : withStatus(status, { phase, phaseEnteredAt: toRfc3339(facts.now) });

/** Reasons of endings after which the controller itself lets the template roll. */
export const rolledAlone = ['NoService', 'PortMoved'] as const;
export type RolledAlone = { readonly reason: (typeof rolledAlone)[number]; readonly message: string };

export type Decided = {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
};

/**
 * Decide how it ends. From here on only taking down is left. `keepsShare`: not before stable, which is in the middle of
 * a roll, is at full size again. Neither is a share taken back before stable has the size for it.
 */
export const endWith = (status: ReleaseStatus, facts: Facts, end: Decided, keepsShare = false): ReleaseStatus => {
  const decidedAt = toRfc3339(facts.now);
  const ended = withStatus(inPhase(status, phaseWhileEnding(end.outcome), facts), {
    ending: { ...end, decidedAt, ...growthOf(status, facts) },
    waiting: undefined,
    canaryShortSince: undefined,
  });
  return keepsShare ? ended : wanting(ended, splitMeanwhile(status, facts) ?? noSplit);
};

const growthOf = (status: ReleaseStatus, facts: Facts): Pick<NonNullable<ReleaseStatus['ending']>, 'growth'> => {
  const to = splitMeanwhile(status, facts) === undefined ? undefined : sizeToReach(status, facts);
  return to === undefined ? {} : { growth: { from: sizeBefore(facts, to), to } };
};

const phaseWhileEnding = (outcome: Outcome): Phase => {
  if (outcome === 'Succeeded') return 'Promoting';
  return outcome === 'Failed' ? 'Failing' : 'Withdrawing';
};

type Ending = NonNullable<ReleaseStatus['ending']>;

/** A stable that does not recover must not keep the next release, which may mend it, waiting for ever. */
export const patienceEnds = ({ decidedAt }: Ending, { plan, now }: Facts): Instant =>
  (fromRfc3339(decidedAt) ?? now) + plan.progressDeadline;

export const patienceIsOver = (ending: Ending, facts: Facts): boolean => facts.now >= patienceEnds(ending, facts);

/** A split or a restoration that does not hold is repaired at once but recorded at most this often, so that no fault can become a storm of writes. */
export const repairPause: Milliseconds = 1000;

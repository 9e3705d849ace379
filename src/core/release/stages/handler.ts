/** The shape of a stage kind: how it begins and what it waits for. Each kind is one file; `table.ts` lists them. */
import type { Question } from '../../questions/question.ts';
import type { Stage, StageKind } from '../../plan/plan.ts';
import type { ReleaseStatus } from '../../../schema/release.ts';
import type { Instant } from '../../../values/time.ts';
import type { Facts } from '../facts.ts';

/** Nothing to do until a fact changes, `wakeAt` comes, or somebody answers one of the `questions`. */
export type Stay = { readonly wakeAt?: Instant; readonly questions?: readonly Question[] };

export type Next =
  | { readonly status: ReleaseStatus }
  /** The stage is over; the next one is entered with this status. */
  | { readonly over: ReleaseStatus }
  | Stay;

export type StageOf<K extends StageKind> = Extract<Stage, { readonly do: K }>;

export type Handler<K extends StageKind> = {
  /** The status with which the stage begins; stage and time are in it already. */
  readonly enter: (stage: StageOf<K>, status: ReleaseStatus, facts: Facts) => ReleaseStatus;
  /** Called in every step until it says `over`. */
  readonly next: (stage: StageOf<K>, status: ReleaseStatus, facts: Facts) => Next;
};

/** Nothing to do before the first of these instants that is still to come. */
export const soonest = ({ now }: Pick<Facts, 'now'>, instants: readonly (Instant | undefined)[]): Stay => {
  const due = instants.filter((at) => at !== undefined).filter((at) => at > now);
  return due.length === 0 ? {} : { wakeAt: Math.min(...due) };
};

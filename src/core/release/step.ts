/**
 * The release engine: `step(status, facts)` is pure and total. The controller records the returned status, then carries
 * out the effects. If it is killed in between, the next step sees the same facts and returns the same effects.
 *
 *   Pending ──► the plan's stages (Preparing, Progressing, Waiting, Promoting) ──► Succeeded
 *                   │
 *                   └──► Failing ──► Failed      (ending decided: routes back, delay, canary gone)
 *   any ──► Withdrawing ──► Aborted · Superseded
 */
import { mostRequests } from '../requests/release-requests.ts';
import type { Question } from '../questions/question.ts';
import { mostUncovered, type ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import { shownPods } from './canary-pods.ts';
import { conditionsFor } from './conditions.ts';
import { effectsOf, type Effect } from './effects.ts';
import { ending } from './ending.ts';
import type { Facts } from './facts.ts';
import { messageOf } from './message.ts';
import { offWithWorkload } from './off.ts';
import { ownership } from './ownership.ts';
import { peakOf } from './peak.ts';
import { pending } from './pending.ts';
import { withoutFuture } from './recorded-instants.ts';
import { answer } from './requests.ts';
import { shareNow } from './share.ts';
import type { Next } from './stages/handler.ts';
import { nextInStage } from './stages/table.ts';
import { heldByStandIn, standIn } from './stand-in.ts';
import { endWith, isFinal, withStatus } from './state.ts';
import { waitingNow } from './waiting.ts';

export type Step = {
  readonly status: ReleaseStatus;
  readonly effects: readonly Effect[];
  /** All questions that need an answer from outside the API server, including those asked by earlier steps. */
  readonly questions: readonly Question[];
  /** When to step again if nothing changes before. */
  readonly wakeAt?: Instant;
};

type Settled = Exclude<Next, { readonly status: ReleaseStatus } | { readonly over: ReleaseStatus }>;
type Move = Exclude<Next, { readonly over: ReleaseStatus }>;

// Transitions that need no new fact follow each other within one step, and so do the answers to waiting requests. More
// than this in a row can only be an endless loop.
const maxTransitions = 20 + mostRequests;

/** Status of a release that has just been created. */
export const initialStatus = (now: Instant): ReleaseStatus => ({
  phase: 'Pending',
  message: 'accepted',
  startedAt: toRfc3339(now),
  phaseEnteredAt: toRfc3339(now),
});

export const step = (recorded: ReleaseStatus, facts: Facts): Step => {
  const status = isFinal(recorded.phase) ? recorded : withoutFuture(recorded, facts.now);
  let current = isFinal(status.phase) ? status : withStatus(status, { peakReplicas: peakOf(status, facts) });
  for (let i = 0; i < maxTransitions; i += 1) {
    const next = nextOf(current, facts);
    if (!('status' in next)) return finish(current, facts, next);
    current = next.status;
  }
  throw new Error(
    `release ${facts.release.name} does not settle: phase ${current.phase}, stage ${current.stage ?? '-'}`,
  );
};

const finish = (status: ReleaseStatus, facts: Facts, next: Settled): Step => {
  const { generation, spec } = facts.release;
  const seen = withStatus(status, { pods: shownPods(status, facts) });
  const told = withStatus(seen, {
    waiting: waitingNow(seen, facts),
    share: shareNow(seen, facts),
    canary: facts.canary === undefined ? undefined : { replicas: facts.canary.replicas, ready: facts.canary.ready },
    uncovered: uncoveredNow(status, facts),
    observedGeneration: generation,
  });
  const described = withStatus(told, { message: messageOf(told, spec.workload.name) });
  const conditions = [...conditionsFor(described, facts.now, generation)];
  return {
    status: withStatus(described, { conditions }),
    effects: effectsOf(status, facts),
    questions: [],
    ...next,
  };
};

const uncoveredNow = ({ phase }: ReleaseStatus, { protection: { uncovered } }: Facts): ReleaseStatus['uncovered'] =>
  phase === 'Pending' || uncovered.length === 0 ? undefined : uncovered.slice(0, mostUncovered);

/** One transition. In every phase, what the user asks for (abort, skip, another template) comes first. */
const nextOf = (status: ReleaseStatus, facts: Facts): Move => {
  const answered = answer(status, facts);
  if (answered !== undefined) return { status: answered };
  if (isFinal(status.phase)) return {};
  const owned = ownership(status, facts);
  if (owned !== undefined) return { status: owned };
  const off = offWithWorkload(status, facts);
  if (off !== undefined) return { status: off };
  const stoodIn = standIn(status, facts);
  if (stoodIn !== undefined) return { status: stoodIn };
  if (status.ending !== undefined) return ending(status, status.ending, facts);
  return edited(status, facts) ?? forward(status, facts);
};

/** Fails a release whose canary was edited, once nobody has it taken over: only a judged template is promoted. */
const edited = (status: ReleaseStatus, facts: Facts): Move | undefined => {
  // While the release is Pending, a canary can only belong to the previous release.
  const judges = status.phase !== 'Pending' && status.phase !== 'Promoting';
  if (!judges || facts.canary?.edited === undefined || facts.takenOver !== undefined) return undefined;
  const message = "the canary's pod template was changed by hand, so what was measured says nothing about this release";
  return { status: endWith(status, facts, { outcome: 'Failed', reason: 'CanaryEdited', message }) };
};

const forward = (status: ReleaseStatus, facts: Facts): Move => {
  if (status.phase === 'Pending') return pending(status, facts);
  if (status.offSince !== undefined) return {};
  const held = heldByStandIn(status, facts);
  if (held !== undefined) return held;
  return facts.planUnreadable === undefined ? nextInStage(status, facts) : {};
};

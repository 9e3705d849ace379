/**
 * The release engine: `step(status, facts)` is pure and total. The controller records the status it returns, then carries
 * out the effects; killed in between, the next step sees the same facts and wishes for the same things again.
 *
 *   Pending ──► Preparing ──► Progressing ◄──► Waiting ──► Promoting ──► Succeeded
 *                   │              │                           │
 *                   └──────────────┴──► Failing ──► Failed     └──► (ending decided: routes back, delay, canary gone)
 *   any ──► Withdrawing ──► Aborted · Superseded
 */
import type { ReleaseStatus } from '../../schema/release.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import { effectsOf, type Effect } from './effects.ts';
import { ending } from './ending.ts';
import type { Facts } from './facts.ts';
import { pending, preparing, progressing, promoting, waiting, type Next } from './progress.ts';
import { ownership } from './ownership.ts';
import { answer } from './requests.ts';
import { endWith, isFinal, withStatus } from './state.ts';
import { unservedNote } from './unserved.ts';
import { conditionsFor } from './conditions.ts';

export type Step = {
  readonly status: ReleaseStatus;
  readonly effects: readonly Effect[];
  /** More facts are needed: call again with them. */
  readonly ask?: { readonly for: 'round'; readonly from: Instant; readonly to: Instant } | { readonly for: 'pods' };
  /** Look again then, if nothing happens before. */
  readonly wakeAt?: Instant;
};

// Transitions that need no new fact follow each other at once; more than this in a row would be a loop.
const maxTransitions = 10;

/** Status of a release that has just been created. */
export const initialStatus = (now: Instant): ReleaseStatus => ({
  phase: 'Pending',
  message: 'accepted',
  startedAt: toRfc3339(now),
  enteredAt: toRfc3339(now),
});

export const step = (status: ReleaseStatus, facts: Facts): Step => {
  let current = status;
  for (let i = 0; i < maxTransitions; i += 1) {
    const next = nextOf(current, facts);
    if (!('status' in next)) return finish(current, facts, next);
    current = next.status;
  }
  throw new Error(`release ${facts.release.name} does not settle: phase ${current.phase}, "${current.message ?? ''}"`);
};

const finish = (status: ReleaseStatus, facts: Facts, next: Exclude<Next, { status: ReleaseStatus }>): Step => {
  const described = withStatus(status, {
    conditions: [...conditionsFor(status, facts.now, facts.release.generation)],
    observedGeneration: facts.release.generation,
    canary: facts.canary === undefined ? undefined : { replicas: facts.canary.replicas, ready: facts.canary.ready },
    message: isFinal(status.phase)
      ? status.message
      : (facts.takenOver?.note ?? unserved(status, facts) ?? status.message),
  });
  return { status: described, effects: effectsOf(status, facts), ...next };
};

/** While it is Pending, the preflight says so; on the way out, nothing has to be routed. */
const unserved = ({ phase, ending: end }: ReleaseStatus, { route }: Facts): string | undefined =>
  route.unserved === undefined || phase === 'Pending' || end !== undefined ? undefined : unservedNote(route.unserved);

/** One transition. What a person wants (abort, skip, another template) comes before anything else, in every phase. */
const nextOf = (status: ReleaseStatus, facts: Facts): Next => {
  const answered = answer(status, facts);
  if (answered !== undefined) return { status: answered };
  if (isFinal(status.phase)) return {};
  const owned = ownership(status, facts);
  if (owned !== undefined) return { status: owned };
  if (status.ending !== undefined) return ending(status, status.ending, facts);
  return edited(status, facts) ?? forward(status, facts);
};

/** What is promoted has to be what was judged: a canary that somebody has changed is of no more use once it is given back. */
const edited = (status: ReleaseStatus, facts: Facts): Next | undefined => {
  // While it is Pending, a canary can only be the one of the release before.
  const judges = status.phase !== 'Pending' && status.phase !== 'Promoting';
  if (!judges || facts.canary?.edited === undefined || facts.takenOver !== undefined) return undefined;
  const message = "the canary's pod template was changed by hand, so what was measured says nothing about this release";
  return { status: endWith(status, facts, { outcome: 'Failed', reason: 'CanaryEdited', message }) };
};

const forward = (status: ReleaseStatus, facts: Facts): Next => {
  switch (status.phase) {
    case 'Pending':
      return pending(status, facts);
    case 'Preparing':
      return preparing(status, facts);
    case 'Progressing':
      return progressing(status, facts);
    case 'Waiting':
      return waiting(status, facts);
    case 'Promoting':
      return promoting(status, facts);
    default:
      // Failing and Withdrawing always carry an ending; a status without one was not written by us.
      throw new Error(`release ${facts.release.name} is ${status.phase} without an ending`);
  }
};

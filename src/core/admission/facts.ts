/** What the rows of the admission table ask about an UPDATE, worked out once. */
import { annotations as keys } from '../../schema/annotations.ts';
import type { Deployment, Labels, PodTemplate } from '../../values/kube-object.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { sameJson } from '../../values/same-json.ts';
import { templateHash } from '../template/template-hash.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import {
  knownGoodHashes,
  marksBoundTo,
  readMarks,
  recordPhase,
  withKnownGood,
  type BoundMarks,
  type Marks,
  type Requester,
} from '../marks/marks.ts';
import { sameUserAnnotations } from './user-annotations.ts';
import { releaseName } from './release-name.ts';
import { isUsedSkip, withUsedSkip } from './used-skips.ts';

/** Everything a decision is made from. */
export type DecideInput = {
  readonly operation: 'CREATE' | 'UPDATE';
  /** The object as it is stored, on UPDATE. */
  readonly old?: Deployment;
  /** The object as the client, and webhooks that were asked before, would have it. */
  readonly object: Deployment;
  /** User name in the AdmissionReview. */
  readonly user: string;
  /** The user's uid, where the authenticator gives one. */
  readonly userUid?: string;
  /** Field manager of the write, such as `kubectl-client-side-apply`. */
  readonly fieldManager?: string;
  readonly now: Instant;
  /** User names of Sluice's own service accounts. */
  readonly sluiceUsers: readonly string[];
  readonly policyOf: (object: Deployment) => ParsedPolicy;
  /** Why a release of this workload failed, as a sentence, where that is known. */
  readonly failureOf?: (release: string) => string | undefined;
  /** Nobody will read the warnings: what is dear to say is left out. */
  readonly unheard?: true;
};

/**
 * What the workload is at, by the old object alone. `idle`: nothing (but a record, it may be); a pause is the user's. `running`: held by Sluice
 * for a release. `failed`: held with a failed template. `user-paused`: paused by the user, edited, not resumed.
 * `rolling`: the marked template rolls natively (promoted, skipped, or unpaused behind Sluice's back).
 */
export type Standing = 'idle' | 'running' | 'failed' | 'user-paused' | 'rolling';

export type Facts = {
  readonly input: DecideInput;
  readonly old: Deployment;
  readonly object: Deployment;
  readonly optedIn: boolean;
  /** Hash of the old object's template. */
  readonly oldHash: string;
  readonly templateChanged: boolean;
  /** A `sluice.dev/` annotation or label that people write differs; `skip` has its own meaning and does not count. */
  readonly annotationsChanged: boolean;
  readonly standing: Standing;
  /** Marks of the old object, where they are bound to its template. */
  readonly bound?: BoundMarks;
  /** Marks the workload has when the release this write asks for is wanted; without a phase. */
  readonly wanted: BoundMarks;
  /** The old object's list, as it is. */
  readonly knownGood?: string;
  readonly wasKnownGood: boolean;
  /** Hash of the template that has served by Sluice's leave until now; missing where it is not known. */
  readonly admitted?: string;
  /** The user's own pause holds, and this write does not lift it; or this write is that pause. */
  readonly pauseStays: boolean;
  /** The pause that this write brings is Sluice's own, come back: nobody wants it where no release begins. */
  readonly pauseCopied: boolean;
  readonly parsed: ParsedPolicy;
  readonly policy?: Policy;
  /** Text of `sluice.dev/skip` when this write sets or changes it. */
  readonly skip?: string;
  /** The skip annotation is still there from an earlier write, or has come back with the template it was about. */
  readonly staleSkip?: string;
  /** Why there is nothing a canary could be compared with, as a sentence fragment. */
  readonly noStable?: string;
};

const replicasOf = (deployment: Deployment): number => deployment.spec.replicas ?? 1;

export const factsOf = (input: DecideInput, old: Deployment): Facts => {
  const { object } = input;
  const hashes = hashesOf(old.spec.template, object.spec.template);
  const bound = marksBoundTo(hashes.old, old.metadata.annotations);
  const standing = standingOf(old, bound);
  const wanted = wantedMarks(input, old, hashes, bound);
  const parsed = input.policyOf(object);
  const { knownGood } = readMarks(old.metadata.annotations);
  const noStable = missingStable(old, object, bound);
  return {
    input,
    old,
    object,
    optedIn: parsed.optIn.optedIn,
    oldHash: hashes.old,
    templateChanged: hashes.old !== hashes.object,
    annotationsChanged: !sameUserAnnotations(old.metadata, object.metadata),
    standing,
    ...(bound === undefined ? {} : { bound }),
    wanted,
    ...(knownGood === undefined ? {} : { knownGood }),
    wasKnownGood: knownGoodHashes(old.metadata.annotations).includes(wanted.releaseHash),
    ...servedByLeave(input, old, hashes.old, bound),
    pauseStays: (ownPause(old, standing) && !pauseLifted(object, wanted)) || pausesWithEdit(old, object, hashes),
    pauseCopied: pauses(old, object) && copiesPause(object, hashes.old === hashes.object ? old : undefined),
    parsed,
    ...(parsed.ok ? { policy: parsed.policy } : {}),
    ...skipOf(old.metadata.annotations, object.metadata.annotations, hashes.object),
    ...(noStable === undefined ? {} : { noStable }),
  };
};

const standingOf = (old: Deployment, bound: BoundMarks | undefined): Standing => {
  if (bound === undefined || recordPhase(bound.phase) !== undefined) return 'idle';
  if (old.spec.paused !== true || bound.phase === 'Promoting' || bound.phase === 'Skipped') return 'rolling';
  if (bound.phase === 'UserPaused') return 'user-paused';
  return bound.phase === 'Failed' ? 'failed' : 'running';
};

/** A pause that Sluice did not make: people set it, and only people lift it. */
const ownPause = (old: Deployment, standing: Standing): boolean =>
  old.spec.paused === true && (standing === 'idle' || standing === 'rolling' || standing === 'user-paused');

/**
 * The user resumes: `paused` goes. Our answer to that is `paused: true` with marks without a phase, and when the API
 * server asks a second time (reinvocation) that answer is what we are shown, beside the same old object. It must
 * read as the resume it came from, although marks in the new object count for nothing otherwise.
 */
const pauseLifted = (object: Deployment, wanted: BoundMarks): boolean => {
  if (object.spec.paused !== true) return true;
  const { stableHash, releaseHash, release, phase } = readMarks(object.metadata.annotations);
  const ours = stableHash === wanted.stableHash && releaseHash === wanted.releaseHash && release === wanted.release;
  return ours && phase === undefined;
};

/**
 * One write brings a new template and a pause: the user's pause wins, and the release waits until they resume. Only on a
 * workload that is not paused: on a paused one `paused: true` says nothing, every patch and apply leaves it there.
 *
 * Sluice's own pause looks the same when it comes back to us: our first answer to this very write, at reinvocation, and
 * the manifest that somebody has copied from the live object in the middle of a release. Both carry the marks of a
 * release that Sluice holds, and a person's pause does not. (Such marks decide about nothing else. A copy whose marks
 * were taken out by hand but not its `paused: true` says in so many words that the workload is to be paused; the
 * warning says how it goes on.)
 */
const pausesWithEdit = (old: Deployment, object: Deployment, hashes: Hashes): boolean =>
  hashes.old !== hashes.object && pauses(old, object) && !copiesPause(object);

const pauses = (old: Deployment, object: Deployment): boolean =>
  old.spec.paused !== true && object.spec.paused === true;

/** Whether the object's pause came with the marks of a release that Sluice holds, which `old` has not had already. */
export const copiesPause = ({ metadata, spec }: Deployment, old?: Deployment): boolean => {
  const { release, phase = '' } = readMarks(metadata.annotations);
  if (spec.paused !== true || release === undefined || !heldBySluice(phase)) return false;
  return release !== readMarks(old?.metadata.annotations).release;
};

/** Whether a pause under this phase is Sluice's. An unknown phase means a release that is running. */
export const heldBySluice = (phase: string): boolean =>
  !['UserPaused', 'Promoting', 'Skipped'].includes(phase) && recordPhase(phase) === undefined;

type Hashes = { readonly old: string; readonly object: string };

/** Where nothing is known yet (opted in now, or by an older Sluice), what serves is taken as it is. */
const servedByLeave = (
  { policyOf }: DecideInput,
  old: Deployment,
  hash: string,
  bound: BoundMarks | undefined,
): { admitted?: string } => {
  const { admitted } = readMarks(old.metadata.annotations);
  if (admitted !== undefined && policyOf(old).optIn.optedIn) return { admitted };
  return bound === undefined ? { admitted: hash } : {};
};

const hashesOf = (old: PodTemplate, object: PodTemplate): Hashes => {
  const hash = templateHash(old);
  return { old: hash, object: sameJson(old, object) ? hash : templateHash(object) };
};

const wantedMarks = (
  input: DecideInput,
  old: Deployment,
  hashes: Hashes,
  bound: BoundMarks | undefined,
): BoundMarks => {
  if (bound?.releaseHash === hashes.object) {
    const { phase: _phase, ...marks } = bound;
    return marks;
  }
  return {
    // What has rolled, or rolls, natively is what serves: only a held template is not.
    stableHash: bound === undefined || rolls(standingOf(old, bound)) ? hashes.old : bound.stableHash,
    releaseHash: hashes.object,
    release: nextRelease(old),
    requestedBy: requestedBy(input),
  };
};

const rolls = (standing: Standing): boolean => standing === 'rolling' || standing === 'idle';

/** Name of the Release when this write asks for a new one. */
export const nextRelease = (old: Deployment): string =>
  releaseName(old.metadata.name, (old.metadata.generation ?? 0) + 1);

/** A mark is an annotation: there is an end to what fits into one. */
const longestName = 512;

/** The mark that says who makes this write: whom the API server has authenticated, whatever the object says. */
export const requestedBy = ({ user, userUid, fieldManager, now }: DecideInput): string => {
  const requester: Requester = {
    user: bounded(user),
    ...(userUid === undefined ? {} : { uid: bounded(userUid) }),
    ...(fieldManager === undefined || fieldManager === '' ? {} : { tool: bounded(fieldManager) }),
    at: toRfc3339(now),
  };
  return JSON.stringify(requester);
};

const bounded = (text: string): string =>
  text.length <= longestName ? text : `${text.slice(0, longestName - 1).toWellFormed()}…`;

const skipOf = (
  before: Labels | undefined,
  after: Labels | undefined,
  hash: string,
): { skip?: string; staleSkip?: string } => {
  const text = after?.[keys.skip] ?? '';
  if (text.trim() === '') return {};
  return isUsedSkip(before, hash, text) ? { staleSkip: text } : { skip: text };
};

const missingStable = (old: Deployment, object: Deployment, bound: BoundMarks | undefined): string | undefined => {
  if (replicasOf(old) === 0) return 'the workload was scaled to 0';
  if (replicasOf(object) === 0) return 'the workload is being scaled to 0';
  // Between its pods of before and those of the promoted template it has none; the canary serves meanwhile.
  if (bound?.phase === 'Promoting' && old.spec.strategy?.['type'] === 'Recreate') return undefined;
  return (old.status?.availableReplicas ?? 0) > 0 ? undefined : 'no pod of the version before is available';
};

/** The marks that stay whatever becomes of releases. */
export const lastingMarks = ({ knownGood, admitted, old }: Facts): Marks => {
  const { skips } = readMarks(old.metadata.annotations);
  return {
    ...(knownGood === undefined ? {} : { knownGood }),
    ...(admitted === undefined ? {} : { admitted }),
    ...(skips === undefined ? {} : { skips }),
  };
};

/** The mark that remembers this write's reason for skipping, where it says one. */
export const spentSkip = ({ skip, old, wanted }: Facts): Marks =>
  skip === undefined ? {} : { skips: withUsedSkip(old.metadata.annotations, wanted.releaseHash, skip) };

/** The same when this write's template rolls natively: it serves by our leave. */
export const admittedMarks = (facts: Facts): Marks => ({ ...lastingMarks(facts), admitted: facts.wanted.releaseHash });

/** The same when another template takes over: both templates of a promotion in its middle were judged good. */
export const supersedingMarks = (facts: Facts): Marks => {
  const { bound, standing, old } = facts;
  if (standing !== 'rolling' || bound?.phase !== 'Promoting') return lastingMarks(facts);
  return {
    ...lastingMarks(facts),
    knownGood: withKnownGood(old.metadata.annotations, bound.releaseHash, bound.stableHash),
  };
};

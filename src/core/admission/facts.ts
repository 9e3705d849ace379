/** The facts about an UPDATE on which the rows of the admission table depend. */
import { annotations as keys } from '../../schema/annotations.ts';
import type { Deployment, Labels, PodTemplate } from '../../values/kube-object.ts';
import type { ParsedPolicy } from '../policy/parse-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { sameJson } from '../../values/same-json.ts';
import { templateHash } from '../template/template-hash.ts';
import { vanishesInRoll } from '../release/roll-strategy.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import {
  knownGoodHashes,
  marksBoundTo,
  readMarks,
  recordPhase,
  type BoundMarks,
  type Requester,
} from '../marks/marks.ts';
import { failedTemplate, type FailedTemplate } from '../marks/failed-templates.ts';
import { sameUserAnnotations } from './user-annotations.ts';
import { rollsAlone, type ClaimModes } from './not-doubled.ts';
import type { ProtectingIn } from './uncovered.ts';
import { releaseName } from './release-name.ts';
import { isUsedSkip } from './used-skips.ts';

/** The input of a decision. */
export type DecideInput = {
  readonly operation: 'CREATE' | 'UPDATE';
  /** The stored object, on UPDATE. */
  readonly old?: Deployment;
  /** The object as sent by the client and changed by earlier webhooks. */
  readonly object: Deployment;
  /** User name in the AdmissionReview. */
  readonly user: string;
  /** The user's uid, if the authenticator provides one. */
  readonly userUid?: string;
  /** Field manager of the write, such as `kubectl-client-side-apply`. */
  readonly fieldManager?: string;
  readonly now: Instant;
  /** User names of Sluice's own service accounts. */
  readonly sluiceUsers: readonly string[];
  readonly policyOf: (object: Deployment) => ParsedPolicy;
  /** Why a release of this workload failed, as a sentence, if known. */
  readonly failureOf?: (release: string) => string | undefined;
  /** If absent, every claim is unknown. */
  readonly claimModes?: ClaimModes;
  readonly protecting?: ProtectingIn;
  /** The kind Release is not installed any more, so no release can begin or go on. */
  readonly releasesMissing?: boolean;
  /** The warnings will be dropped, so expensive ones are not computed. */
  readonly warningsUnused?: true;
};

/**
 * The workload's state, according to the old object. `idle`: no release; the marks name at most a past one, and any
 * pause is the user's. `running`: held by Sluice for a release. `failed`: held with a failed template. `user-paused`:
 * paused by the user, edited, not yet resumed. `rolling`: the marked template rolls natively (promoted, skipped, or
 * unpaused out of band).
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
  /** A user's `sluice.dev/` annotation or label differs, other than `skip`. */
  readonly annotationsChanged: boolean;
  readonly standing: Standing;
  /** Marks of the old object, if they are bound to its template. */
  readonly bound?: BoundMarks;
  /** Marks that request a release of the new template; without a phase. */
  readonly wanted: BoundMarks;
  /** The old object's list of known good templates, unchanged. */
  readonly knownGood?: string;
  readonly wasKnownGood: boolean;
  /** The template that this write asks to roll failed earlier, or was aborted, and was put back since. */
  readonly failedBefore?: FailedTemplate;
  /** Hash of the last template that Sluice let roll; missing if unknown. */
  readonly admitted?: string;
  /** After this write the workload is paused by the user: an earlier pause that stays, or a new one. */
  readonly pauseStays: boolean;
  /** The write's pause is a copy of Sluice's own, so it must not stay unless a release starts. */
  readonly pauseCopied: boolean;
  readonly parsed: ParsedPolicy;
  readonly policy?: Policy;
  /** Text of `sluice.dev/skip` when this write sets or changes it. */
  readonly skip?: string;
  /** Text of a skip annotation that was used by an earlier write and has no effect now. */
  readonly staleSkip?: string;
  /** What speaks against a canary beside the stable pods, where nobody has opted in this very workload. */
  readonly rollsAlone?: string;
  /** Why there is nothing to compare a canary with, as a sentence fragment. */
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
  const alone = rollsAlone(object, parsed.optIn, input.claimModes);
  const failedBefore = failedTemplate(old.metadata.annotations, hashes.object);
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
    ...admittedTemplate(input, old, hashes.old, bound),
    pauseStays: (ownPause(old, standing) && !pauseLifted(object, wanted)) || pausesWithEdit(old, object, hashes),
    pauseCopied: pauses(old, object) && copiesPause(object, hashes.old === hashes.object ? old : undefined),
    parsed,
    ...(parsed.ok ? { policy: parsed.policy } : {}),
    ...skipOf(old.metadata.annotations, object.metadata.annotations, hashes.object),
    ...(noStable === undefined ? {} : { noStable }),
    ...(failedBefore === undefined ? {} : { failedBefore }),
    ...(alone === undefined ? {} : { rollsAlone: alone }),
  };
};

const standingOf = (old: Deployment, bound: BoundMarks | undefined): Standing => {
  if (bound === undefined || recordPhase(bound.phase) !== undefined) return 'idle';
  if (old.spec.paused !== true || bound.phase === 'Promoting' || bound.phase === 'Skipped') return 'rolling';
  if (bound.phase === 'UserPaused') return 'user-paused';
  return bound.phase === 'Failed' ? 'failed' : 'running';
};

/** Whether the pause is the user's: only users lift it. */
const ownPause = (old: Deployment, standing: Standing): boolean =>
  old.spec.paused === true && (standing === 'idle' || standing === 'rolling' || standing === 'user-paused');

/**
 * Whether the user resumes the workload. Our answer to a resume is `paused: true` with marks that have no phase, and on
 * reinvocation the API server sends that answer back with the same old object. It must be read as the resume it came
 * from; in all other cases marks in the new object are ignored.
 */
const pauseLifted = (object: Deployment, wanted: BoundMarks): boolean => {
  if (object.spec.paused !== true) return true;
  const { stableHash, releaseHash, release, phase } = readMarks(object.metadata.annotations);
  const same = stableHash === wanted.stableHash && releaseHash === wanted.releaseHash;
  if (!same) return false;
  const failed = failedTemplate(object.metadata.annotations, wanted.releaseHash);
  return phase === 'Failed'
    ? failed !== undefined && release === failed.release
    : phase === undefined && release === wanted.release;
};

/**
 * Whether one write brings a new template and the user's pause; the release then waits until the user resumes. This
 * applies only to a workload that is not paused: patches and applies carry an existing pause along.
 *
 * Sluice's own pause comes back in two ways: in our first answer to this write, on reinvocation, and in a manifest
 * copied from the live object during a release. Both carry the marks of a release that Sluice holds, which a user's
 * pause does not. If somebody removed the marks from such a copy but kept `paused: true`, it counts as the user's
 * pause, and the warning says how to continue.
 */
const pausesWithEdit = (old: Deployment, object: Deployment, hashes: Hashes): boolean =>
  hashes.old !== hashes.object && pauses(old, object) && !copiesPause(object);

const pauses = (old: Deployment, object: Deployment): boolean =>
  old.spec.paused !== true && object.spec.paused === true;

/** Whether the object is paused with the marks of a release that Sluice holds, which `old` does not already have. */
export const copiesPause = ({ metadata, spec }: Deployment, old?: Deployment): boolean => {
  const { release, phase = '' } = readMarks(metadata.annotations);
  if (spec.paused !== true || release === undefined || !heldBySluice(phase)) return false;
  return release !== readMarks(old?.metadata.annotations).release;
};

/** Whether a pause with this mark phase is Sluice's. An unknown phase counts as a running release. */
export const heldBySluice = (phase: string): boolean =>
  !['UserPaused', 'Promoting', 'Skipped'].includes(phase) && recordPhase(phase) === undefined;

type Hashes = { readonly old: string; readonly object: string };

/** Without the mark (just opted in, or marked by an older Sluice), the current template counts as admitted. */
const admittedTemplate = (
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
    // A template that has rolled or is rolling natively is stable; only a held template is not.
    stableHash: bound === undefined || rolls(standingOf(old, bound)) ? hashes.old : bound.stableHash,
    releaseHash: hashes.object,
    release: nextRelease(old),
    requestedBy: requestedBy(input),
  };
};

const rolls = (standing: Standing): boolean => standing === 'rolling' || standing === 'idle';

/** Name of the Release that this write would start. */
export const nextRelease = (old: Deployment): string =>
  releaseName(old.metadata.name, (old.metadata.generation ?? 0) + 1);

/** Keeps the mark within the size limit of annotations. */
const longestName = 512;

/** The mark that names the author of this write, as authenticated by the API server. */
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
  // Where stable goes as a whole, promotion leaves a gap between the old pods and the new ones; the canary serves meanwhile.
  if (bound?.phase === 'Promoting' && vanishesInRoll(old)) return undefined;
  return (old.status?.availableReplicas ?? 0) > 0 ? undefined : 'no pod of the version before is available';
};

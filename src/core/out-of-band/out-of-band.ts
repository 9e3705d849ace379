/**
 * Workloads whose state has not come through admission: the webhook was away (failurePolicy Ignore), or an upgrade of the
 * API server gave templates other defaults, so that no mark is bound to its template any more. The controller finds
 * them and rules here what the webhook would have; nobody stays paused for ever, and what rolled unjudged is recorded.
 */
import type { Deployment } from '../../values/kube-object.ts';
import { templateHash } from '../template/template-hash.ts';
import { heldBySluice } from '../admission/facts.ts';
import {
  knownGoodHashes,
  marksBoundTo,
  readMarks,
  recordPhase,
  withKnownGood,
  type BoundMarks,
  type Marks,
} from '../marks/marks.ts';
import { releaseName } from '../admission/release-name.ts';

/** A Release that is not over. */
export type OpenRelease = {
  readonly name: string;
  readonly templateHash: string;
  readonly stableHash: string;
  /** Its end is decided, so it wants nothing of the workload any more. */
  readonly ends: boolean;
};

export type OutOfBandInput = {
  readonly workload: Deployment;
  readonly optedIn: boolean;
  /** The newest. */
  readonly open?: OpenRelease;
};

/** Templates of the workload's ReplicaSets, the newest first, hashed as the API server hands them out today. */
export type ServedTemplates = readonly { readonly hash: string; readonly active: boolean }[];

export type OutOfBandRuling = {
  readonly case: StrayCase;
  readonly because: string;
  readonly paused: boolean | 'as-is';
  /** All marks the workload carries afterwards. */
  readonly marks: Marks;
  /** Set when a template rolls unjudged: hash of the one it has replaced. */
  readonly bypasses?: string;
};

type StrayCase =
  | 'opted-out'
  | 'failed-unpaused'
  | 'came-back'
  | 'known-good'
  | 'marked-again'
  | 'still-failed'
  | 'user-paused'
  | 'changed-again'
  | 'bypassed'
  | 'renewed';

type Facts = OutOfBandInput & {
  readonly marks: Marks;
  readonly hash: string;
  readonly bound?: BoundMarks;
  readonly paused: boolean;
  /** The pause is Sluice's. */
  readonly holds: boolean;
  readonly knownGood: readonly string[];
};

const factsOf = (input: OutOfBandInput): Facts => {
  const { metadata, spec } = input.workload;
  const marks = readMarks(metadata.annotations);
  const hash = templateHash(spec.template);
  const bound = marksBoundTo(hash, metadata.annotations);
  const paused = spec.paused === true;
  return {
    ...input,
    marks,
    hash,
    ...(bound === undefined ? {} : { bound }),
    paused,
    holds: paused && marks.release !== undefined && heldBySluice(marks.phase ?? ''),
    knownGood: knownGoodHashes(metadata.annotations),
  };
};

/** Whether the workload needs a ruling. Cheap: it is asked at every change of a Deployment. */
export const isOutOfBand = (input: OutOfBandInput): boolean => {
  const { release, admitted } = readMarks(input.workload.metadata.annotations);
  if (release === undefined && admitted === undefined && input.open === undefined) return false;
  return strays(factsOf(input));
};

const strays = (f: Facts): boolean => {
  if (f.bound !== undefined) return !f.paused && f.bound.phase === 'Failed';
  if (!f.optedIn) return f.holds;
  if (!f.paused) return rollsUnasked(f);
  return f.marks.release !== undefined || isUnmarked(f) || rollsUnasked({ ...f, open: undefined });
};

/** The template of a release under way, whose marks somebody has taken off. */
const isUnmarked = ({ paused, marks, open, hash }: Facts): boolean =>
  paused && marks.release === undefined && open?.templateHash === hash && !open.ends;

/** A Release of the template, or over it, tells itself what has become of it. */
const rollsUnasked = ({
  marks,
  open,
  knownGood,
  hash,
}: Omit<Facts, 'open'> & { readonly open?: OpenRelease | undefined }): boolean =>
  (marks.admitted ?? open?.stableHash) !== undefined &&
  ![marks.admitted, open?.stableHash, open?.templateHash, ...knownGood].includes(hash);

/** What a ruling looks at besides the workload. */
type Looked = {
  readonly served: ServedTemplates;
  /** The policy rolls back fast. */
  readonly fast: boolean;
};

type Seen = Facts & {
  readonly fast: boolean;
  /** Hash of the template that served before. */
  readonly stable: string;
  /**
   * One of the ReplicaSets still hashes to what served before. If none does, it is not the template that has changed
   * but what the API server makes of it, or what another admission controller made of it after Sluice was asked.
   */
  readonly recognised: boolean;
};

const seenWith = (facts: Facts, { served, fast }: Looked): Seen => {
  const before = servedBefore(facts);
  const recognised = served.some(({ hash }) => hash === before);
  const active = served.find((one) => one.active && one.hash !== facts.hash)?.hash;
  return { ...facts, fast, recognised, stable: (recognised ? before : active) ?? before ?? facts.hash };
};

const servedBefore = ({ marks, open, paused, bound }: Facts): string | undefined => {
  if (bound !== undefined) return bound.stableHash;
  if (!paused || marks.release === undefined) return marks.admitted ?? open?.stableHash;
  const rolled = ['Promoting', 'Skipped'].includes(marks.phase ?? '') || recordPhase(marks.phase) !== undefined;
  return rolled ? marks.releaseHash : marks.stableHash;
};

const lasting = ({ marks: { knownGood, admitted } }: Seen): Marks => ({
  ...(knownGood === undefined ? {} : { knownGood }),
  ...(admitted === undefined ? {} : { admitted }),
});
const settled = (f: Seen): Marks => ({ ...lasting(f), admitted: f.hash });
const wanted = (f: Seen): Marks => ({
  ...lasting(f),
  stableHash: f.stable,
  releaseHash: f.hash,
  release: releaseName(f.workload.metadata.name, (f.workload.metadata.generation ?? 0) + 1),
});

type Outcome = Omit<OutOfBandRuling, 'case' | 'because'>;
const released = (f: Seen): Outcome => ({ paused: f.holds ? false : 'as-is', marks: settled(f) });
const bypass = (f: Seen): Outcome => ({
  paused: 'as-is',
  marks: { ...settled(f), knownGood: withKnownGood(f.workload.metadata.annotations, f.stable) },
  bypasses: f.stable,
});

type StrayRow = {
  readonly case: StrayCase;
  readonly because: string;
  readonly when: (seen: Seen) => boolean;
  readonly then: (seen: Seen) => Outcome;
};

/** Asked in order; the first that fits decides. */
const rows: readonly StrayRow[] = [
  {
    case: 'opted-out',
    because: 'the workload no longer asks for canary releases, and was paused for one',
    when: (f) => !f.optedIn && f.holds,
    then: () => ({ paused: false, marks: {} }),
  },
  {
    case: 'failed-unpaused',
    because: 'a template that had failed was unpaused',
    when: (f) => f.bound !== undefined,
    then: bypass,
  },
  {
    case: 'came-back',
    because: 'the template that serves is back',
    when: (f) => f.paused && f.marks.release !== undefined && f.hash === f.marks.stableHash,
    then: released,
  },
  {
    case: 'known-good',
    because: 'a template that is known to be good is back, and the policy rolls back fast',
    when: (f) => f.holds && f.fast && f.knownGood.includes(f.hash),
    then: released,
  },
  {
    case: 'marked-again',
    because: 'the marks of the release were taken off the workload',
    when: isUnmarked,
    then: (f) => ({
      paused: 'as-is',
      marks: {
        ...lasting(f),
        stableHash: f.open?.stableHash ?? f.stable,
        releaseHash: f.hash,
        release: f.open?.name ?? '',
      },
    }),
  },
  {
    case: 'still-failed',
    because: 'the API server reads the failed template differently now; it stays held',
    when: (f) => f.holds && f.marks.phase === 'Failed' && !f.recognised,
    then: (f) => ({
      paused: 'as-is',
      marks: { ...wanted(f), release: f.marks.release ?? '', phase: 'Failed' },
    }),
  },
  {
    case: 'user-paused',
    because: 'the template changed under the pause of the user: its release waits until they resume',
    when: (f) => f.paused && !f.holds && (f.recognised || f.marks.phase === 'UserPaused'),
    then: (f) => ({ paused: 'as-is', marks: { ...wanted(f), phase: 'UserPaused' } }),
  },
  {
    case: 'changed-again',
    because: 'the template changed during a release',
    when: (f) => f.holds,
    then: (f) => ({ paused: 'as-is', marks: wanted(f) }),
  },
  {
    case: 'bypassed',
    because: 'a template rolled natively',
    when: (f) => !f.paused && f.recognised,
    then: bypass,
  },
  {
    case: 'renewed',
    because: 'the template serves, and reads differently than when it was admitted',
    when: () => true,
    then: (f) => ({ paused: 'as-is', marks: settled(f) }),
  },
];

/** What becomes of a workload that is astray; undefined for one that is not. Afterwards it is not astray any more. */
export const ruleOnOutOfBand = (input: OutOfBandInput, looked: Looked): OutOfBandRuling | undefined => {
  const facts = factsOf(input);
  if (!strays(facts)) return undefined;
  const seen = seenWith(facts, looked);
  // The last row fits always.
  const row = rows.find(({ when }) => when(seen)) as StrayRow;
  return { case: row.case, because: row.because, ...row.then(seen) };
};

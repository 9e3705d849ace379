/**
 * Workloads that changed out of band, without going through admission: the webhook was down (failurePolicy Ignore), or
 * an upgraded API server defaults templates differently, so that no mark is bound to its template any more. The
 * controller finds them and makes the webhook's decision here, so that no workload stays paused for ever and unjudged
 * rolls are recorded.
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

/** A Release that has not ended. */
export type OpenRelease = {
  readonly name: string;
  readonly templateHash: string;
  readonly stableHash: string;
  /** Its end is decided, so it no longer affects the workload. */
  readonly ends: boolean;
};

export type OutOfBandInput = {
  readonly workload: Deployment;
  readonly optedIn: boolean;
  /** The newest one. */
  readonly open?: OpenRelease;
};

/** Templates of the workload's ReplicaSets, newest first, hashed as the API server returns them today. */
export type ServedTemplates = readonly { readonly hash: string; readonly active: boolean }[];

export type OutOfBandRuling = {
  readonly case: OutOfBandCase;
  readonly because: string;
  readonly paused: boolean | 'as-is';
  /** The complete set of marks the workload gets. */
  readonly marks: Marks;
  /** Set if a template rolls unjudged: the hash of the template it replaced. */
  readonly bypasses?: string;
};

type OutOfBandCase =
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

/** Whether the workload changed out of band. Must be cheap: it runs at every change of a Deployment. */
export const isOutOfBand = (input: OutOfBandInput): boolean => {
  const { release, admitted } = readMarks(input.workload.metadata.annotations);
  if (release === undefined && admitted === undefined && input.open === undefined) return false;
  return changedOutOfBand(factsOf(input));
};

const changedOutOfBand = (f: Facts): boolean => {
  if (f.bound !== undefined) return !f.paused && f.bound.phase === 'Failed';
  if (!f.optedIn) return f.holds;
  if (!f.paused) return isUnadmitted(f);
  return f.marks.release !== undefined || isUnmarked(f) || isUnadmitted({ ...f, open: undefined });
};

/** Whether somebody removed the marks of a running release. */
const isUnmarked = ({ paused, marks, open, hash }: Facts): boolean =>
  paused && marks.release === undefined && open?.templateHash === hash && !open.ends;

/**
 * Whether the template was never admitted. Templates of the open release do not count: that Release records what
 * happens.
 */
const isUnadmitted = ({
  marks,
  open,
  knownGood,
  hash,
}: Omit<Facts, 'open'> & { readonly open?: OpenRelease | undefined }): boolean =>
  (marks.admitted ?? open?.stableHash) !== undefined &&
  ![marks.admitted, open?.stableHash, open?.templateHash, ...knownGood].includes(hash);

/** What a ruling depends on besides the workload. */
type Surroundings = {
  readonly served: ServedTemplates;
  /** Whether the policy has `rollback: fast`. */
  readonly fast: boolean;
};

type FullFacts = Facts & {
  readonly fast: boolean;
  /** Hash of the template that served before. */
  readonly stable: string;
  /**
   * Whether a ReplicaSet still has the hash of the template that served before. If none does, the template itself did
   * not change: the API server defaults it differently now, or another admission controller changed it after Sluice's
   * answer.
   */
  readonly recognised: boolean;
};

const fullFacts = (facts: Facts, { served, fast }: Surroundings): FullFacts => {
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

const lasting = ({ marks: { knownGood, admitted, skips, failed } }: FullFacts): Marks => ({
  ...(knownGood === undefined ? {} : { knownGood }),
  ...(admitted === undefined ? {} : { admitted }),
  ...(skips === undefined ? {} : { skips }),
  ...(failed === undefined ? {} : { failed }),
});
const settled = (f: FullFacts): Marks => ({ ...lasting(f), admitted: f.hash });
const wanted = (f: FullFacts): Marks => ({
  ...lasting(f),
  stableHash: f.stable,
  releaseHash: f.hash,
  release: releaseName(f.workload.metadata.name, (f.workload.metadata.generation ?? 0) + 1),
});

type Outcome = Omit<OutOfBandRuling, 'case' | 'because'>;
const released = (f: FullFacts): Outcome => ({ paused: f.holds ? false : 'as-is', marks: settled(f) });
const bypass = (f: FullFacts): Outcome => ({
  paused: 'as-is',
  marks: { ...settled(f), knownGood: withKnownGood(f.workload.metadata.annotations, f.stable) },
  bypasses: f.stable,
});

type Row = {
  readonly case: OutOfBandCase;
  readonly because: string;
  readonly when: (facts: FullFacts) => boolean;
  readonly then: (facts: FullFacts) => Outcome;
};

/** The first row that matches decides. */
const rows: readonly Row[] = [
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

/**
 * The ruling on a workload that changed out of band; undefined if it did not. After the ruling is applied,
 * `isOutOfBand` returns false.
 */
export const ruleOnOutOfBand = (input: OutOfBandInput, surroundings: Surroundings): OutOfBandRuling | undefined => {
  const facts = factsOf(input);
  if (!changedOutOfBand(facts)) return undefined;
  const full = fullFacts(facts, surroundings);
  // The last row always matches.
  const row = rows.find(({ when }) => when(full)) as Row;
  return { case: row.case, because: row.because, ...row.then(full) };
};

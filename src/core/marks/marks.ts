/** Marks: the annotations in which Sluice keeps its state on a workload. */
import { marks as keys } from '../../schema/annotations.ts';
import type { ReleaseSpec } from '../../schema/release.ts';
import type { Deployment, Labels } from '../../values/kube-object.ts';
import { templateHash } from '../template/template-hash.ts';
import type { AnnotationEdits } from '../admission/json-patch.ts';

/**
 * Why the workload is paused or rolls. No phase: a release is requested or running. `Failed`: the template stays held.
 * `Promoting` and `Skipped`: it rolls natively. `UserPaused`: the user paused the workload and has not resumed it. A
 * RecordPhase: no release runs, and the native roll still has to be recorded as a Release.
 */
export type MarkPhase = 'Failed' | 'Promoting' | 'Skipped' | 'UserPaused' | RecordPhase;

/** The template rolls natively because the policy says so. */
export type RecordPhase = 'RolledBack' | 'Restarted';

export const recordPhase = (phase: string | undefined): RecordPhase | undefined =>
  phase === 'RolledBack' || phase === 'Restarted' ? phase : undefined;

export type MarkName = keyof typeof keys;
/** The annotations as stored. Most are valid only if bound to the current template; see `boundMarks`. */
export type Marks = { readonly [name in MarkName]?: string };

/** Marks that are bound to the workload's current template. */
export type BoundMarks = {
  /** Hash of the stable template. */
  readonly stableHash: string;
  /** Hash of the workload's template, which is being released. */
  readonly releaseHash: string;
  /** Name of the Release for it. */
  readonly release: string;
  /** JSON of a Requester. */
  readonly requestedBy?: string;
  /** A MarkPhase; an unknown one counts as a running release. */
  readonly phase?: string;
};

export type Requester = NonNullable<ReleaseSpec['requestedBy']>;

const names = Object.keys(keys) as readonly MarkName[];

export const readMarks = (annotations: Labels = {}): Marks => {
  const found: { [name in MarkName]?: string } = {};
  for (const name of names) {
    const text = annotations[keys[name]];
    if (text) found[name] = text;
  }
  return found;
};

/**
 * The marks bound to the workload's current template; undefined if there are none. Marks of another template are inert.
 */
export const boundMarks = ({ metadata, spec }: Deployment): BoundMarks | undefined =>
  marksBoundTo(templateHash(spec.template), metadata.annotations);

/** `boundMarks`, given the hash of the workload's template. */
export const marksBoundTo = (hash: string, annotations: Labels | undefined): BoundMarks | undefined => {
  const { stableHash, releaseHash, release, requestedBy, phase } = readMarks(annotations);
  if (stableHash === undefined || releaseHash !== hash || release === undefined) return undefined;
  const rest = { ...(requestedBy === undefined ? {} : { requestedBy }), ...(phase === undefined ? {} : { phase }) };
  return { stableHash, releaseHash, release, ...rest };
};

const knownGoodKept = 10;

/** Hashes of templates that were promoted before, newest first. Valid whatever the current template is. */
export const knownGoodHashes = (annotations: Labels | undefined): readonly string[] =>
  (annotations?.[keys.knownGood] ?? '')
    .split(',')
    .map((hash) => hash.trim())
    .filter((hash) => hash !== '');

/** The mark's text with `newest` added at the front. Keeps the last ten. */
export const withKnownGood = (annotations: Labels | undefined, ...newest: readonly string[]): string =>
  [...new Set([...newest, ...knownGoodHashes(annotations)])].slice(0, knownGoodKept).join(',');

/** The annotation edits that set exactly these marks. */
export const markEdits = (wanted: Marks): AnnotationEdits =>
  Object.fromEntries(names.map((name) => [keys[name], wanted[name]]));

export const isMark = (key: string): boolean => names.some((name) => keys[name] === key);

/** Undefined if the text is not a requester that Sluice wrote. */
export const readRequester = (text: string | undefined): Requester | undefined => {
  try {
    const { user, uid, tool, at } = JSON.parse(text ?? '') as { readonly [key: string]: unknown };
    if (typeof user !== 'string' || typeof at !== 'string') return undefined;
    return {
      user,
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof tool === 'string' ? { tool } : {}),
      at,
    };
  } catch {
    return undefined;
  }
};

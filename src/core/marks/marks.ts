/** The marks Sluice keeps on a workload: read, bound to a template, written. */
import { marks as keys } from '../../schema/annotations.ts';
import type { ReleaseSpec } from '../../schema/release.ts';
import type { Deployment, Labels } from '../../values/kube-object.ts';
import { templateHash } from '../template/template-hash.ts';
import type { AnnotationEdits } from '../admission/json-patch.ts';

/**
 * What the workload's pause, or its roll, is about. Without a phase a release is wanted or running.
 * `Failed`: the template stays held. `Promoting` and `Skipped`: it rolls natively. `UserPaused`: the user paused on
 * their own and has not resumed yet. A RecordPhase: nothing is going on, and the Release is yet to be recorded.
 */
export type MarkPhase = 'Failed' | 'Promoting' | 'Skipped' | 'UserPaused' | RecordPhase;

/** The template rolls natively because the policy says so. */
export type RecordPhase = 'RolledBack' | 'Restarted';

export const recordPhase = (phase: string | undefined): RecordPhase | undefined =>
  phase === 'RolledBack' || phase === 'Restarted' ? phase : undefined;

export type MarkName = keyof typeof keys;
/** The annotations as they stand; they mean something only once they are bound. */
export type Marks = { readonly [name in MarkName]?: string };

/** Marks that are bound to the template the workload has now. */
export type BoundMarks = {
  /** Hash of the template that serves. */
  readonly stableHash: string;
  /** Hash of the workload's template, which is to be brought to production. */
  readonly releaseHash: string;
  /** Name of the Release for it. */
  readonly release: string;
  /** JSON of a Requester. */
  readonly requestedBy?: string;
  /** A MarkPhase; an unknown one means a release that is running. */
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

/** The marks of the workload's present template; undefined when there are none, or when they are of another template and so inert. */
export const boundMarks = ({ metadata, spec }: Deployment): BoundMarks | undefined =>
  marksBoundTo(templateHash(spec.template), metadata.annotations);

/** The same, where the hash of the workload's template is known. */
export const marksBoundTo = (hash: string, annotations: Labels | undefined): BoundMarks | undefined => {
  const { stableHash, releaseHash, release, requestedBy, phase } = readMarks(annotations);
  if (stableHash === undefined || releaseHash !== hash || release === undefined) return undefined;
  const rest = { ...(requestedBy === undefined ? {} : { requestedBy }), ...(phase === undefined ? {} : { phase }) };
  return { stableHash, releaseHash, release, ...rest };
};

const knownGoodKept = 10;

/** Hashes of templates that were promoted before, newest first. Each is its own binding. */
export const knownGoodHashes = (annotations: Labels | undefined): readonly string[] =>
  (annotations?.[keys.knownGood] ?? '')
    .split(',')
    .map((hash) => hash.trim())
    .filter((hash) => hash !== '');

/** The list with these at its head, as the mark's text. It keeps the last ten. */
export const withKnownGood = (annotations: Labels | undefined, ...newest: readonly string[]): string =>
  [...new Set([...newest, ...knownGoodHashes(annotations)])].slice(0, knownGoodKept).join(',');

/** The annotations that say these marks and no others. */
export const markEdits = (wanted: Marks): AnnotationEdits =>
  Object.fromEntries(names.map((name) => [keys[name], wanted[name]]));

export const isMark = (key: string): boolean => names.some((name) => keys[name] === key);

/** Undefined where the text is not what `markEdits` wrote: nobody is known to have asked. */
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

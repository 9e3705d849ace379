/** What people can ask of a release. */
import type { Phase } from './release.ts';

/** `in`: the phases in which it can be granted. */
type Verb = { readonly in: readonly Phase[] };

export const verbs = {
  promote: { in: ['Progressing', 'Waiting'] },
  resume: { in: ['Waiting'] },
  'skip-step': { in: ['Progressing', 'Waiting'] },
  abort: { in: ['Pending', 'Preparing', 'Progressing', 'Waiting', 'Failed', 'Aborted'] },
  retry: { in: ['Failed', 'Aborted'] },
} as const satisfies Readonly<Record<string, Verb>>;

export type RequestVerb = keyof typeof verbs;

export const requestVerbs = Object.keys(verbs) as readonly RequestVerb[];

export const isVerb = (text: unknown): text is RequestVerb => typeof text === 'string' && Object.hasOwn(verbs, text);

/** Whether it can be granted in that phase. */
export const canBeAsked = (verb: RequestVerb, phase: Phase): boolean =>
  (verbs[verb].in as readonly Phase[]).includes(phase);

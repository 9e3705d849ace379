/** Users' requests on a Release: what to do, why, and by whom. The author comes from the API server. */
import { requestAnnotation } from '../../schema/annotations.ts';
import { asWritten } from '../../schema/validate.ts';
import { requestVerbs, type RequestVerb } from '../../schema/release.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';

export type ReleaseRequest = {
  /** Chosen by the client; the status acknowledges the request by it. */
  readonly id: string;
  readonly verb: RequestVerb;
  readonly reason?: string;
  /** User name. The webhook sets it and overwrites what the client wrote. */
  readonly by?: string;
  /** RFC 3339. Set by the webhook. */
  readonly at?: string;
};

export type ParsedRequest =
  | { readonly ok: true; readonly request: ReleaseRequest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const maxId = 128;
const maxReason = 1024;
const shownText = 80;
const example = `Write {"id":"1","verb":"${requestVerbs[0]}","reason":"…"}, or use kubectl sluice.`;

/** Parses the text of `sluice.dev/request`. Reports all problems at once and drops unknown keys. */
export const parseRequest = (text: string): ParsedRequest => {
  const fields = jsonObject(text);
  if (fields === undefined) return { ok: false, problems: [problem(text, 'must be a JSON object', example)] };
  const { id, verb, reason, by, at } = fields;
  const problems = [...idProblems(id), ...verbProblems(verb), ...reasonProblems(reason)];
  if (problems.length > 0) return { ok: false, problems };
  const optional = Object.entries({ reason, by, at }).filter(([, value]) => typeof value === 'string');
  return { ok: true, request: { id, verb, ...Object.fromEntries(optional) } as ReleaseRequest };
};

/** The annotation's text for the request, with its author. */
export const signed = (request: ReleaseRequest, by: string, now: Instant): string =>
  JSON.stringify({ ...request, by, at: toRfc3339(now) });

/** The problems of a signed request written by `user`. */
export const requestProblems = (text: string, user: string): readonly Problem[] => {
  const parsed = parseRequest(text);
  if (!parsed.ok) return parsed.problems;
  return parsed.request.by === user
    ? []
    : [problem(parsed.request.by ?? '', `must name its author, ${user}`, 'Leave `by` out: Sluice fills it in.')];
};

/** The request's text if this write sets or changes it. */
export const changedRequest = (before: Labels | undefined, after: Labels | undefined): string | undefined => {
  const text = after?.[requestAnnotation];
  return text === before?.[requestAnnotation] ? undefined : text;
};

const jsonObject = (text: string): { readonly [key: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as { readonly [key: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
};

const idProblems = (id: unknown): readonly Problem[] =>
  typeof id === 'string' && id !== '' && id.length <= maxId
    ? []
    : [problem(id, `must have an id, a text of 1 to ${maxId} characters`, example)];

const verbProblems = (verb: unknown): readonly Problem[] =>
  (requestVerbs as readonly unknown[]).includes(verb)
    ? []
    : [problem(verb, `must have a verb, one of ${requestVerbs.join(', ')}`, example)];

const reasonProblems = (reason: unknown): readonly Problem[] =>
  reason === undefined || (typeof reason === 'string' && reason.length <= maxReason)
    ? []
    : [problem(reason, `may have a reason, a text of at most ${maxReason} characters`, 'Shorten it.')];

const problem = (value: unknown, rule: string, todo: string): Problem => ({
  field: requestAnnotation,
  ...(value === undefined ? {} : { value: shown(value) }),
  rule,
  todo,
});

const shown = (value: unknown): string => {
  const text = asWritten(value).replace(/\p{Cc}+/gu, ' ');
  return text.length <= shownText ? text : `${text.slice(0, shownText - 1)}…`;
};

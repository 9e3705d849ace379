/**
 * Users' requests in a write to a Release: parsing, limits, and signing with the author that the API server
 * authenticated.
 */
import { requestKey, requestPrefix } from '../../schema/annotations.ts';
import { isVerb, requestVerbs } from '../../schema/request.ts';
import { asWritten } from '../../schema/validate.ts';
import type { Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { toRfc3339, type Instant } from '../../values/time.ts';
import {
  idWords,
  isId,
  mostRequests,
  readRequest,
  requestFields,
  requestTexts,
  type ReleaseRequest,
} from '../requests/release-requests.ts';

/** The Release's annotations before the write and after it. */
export type RequestWrite = { readonly before: Labels | undefined; readonly after: Labels | undefined };

const maxReason = 1024;
const shownText = 80;
const example = `Write ${requestKey('1')}: {"verb":"${requestVerbs[0]}","reason":"…"}, or use kubectl sluice.`;
/** The key of requests before they had ids; users who forget the id may still write it. */
const withoutId = requestPrefix.slice(0, -1);

type Written = { readonly key: string; readonly id: string; readonly text: string };

/** Requests that this write adds or changes. Removed ones are ignored. */
const written = ({ before, after = {} }: RequestWrite): readonly Written[] =>
  [
    ...(after[withoutId] === undefined ? [] : [{ key: withoutId, id: '', text: after[withoutId] }]),
    ...[...requestTexts(after)].map(([id, text]) => ({ key: requestKey(id), id, text })),
  ].filter(({ key, text }) => text !== before?.[key]);

/** The problems that do not depend on the author. */
const faults = (write: RequestWrite, made: readonly Written[]): readonly Problem[] => {
  const count = requestTexts(write.after).size;
  if (made.length > 0 && count > mostRequests) return [crowded(count)];
  return made.flatMap((one) => (write.before?.[one.key] === undefined ? problemsOf(one) : [changed(one)]));
};

/** The requests in this write; empty if any of them is invalid, which the validating webhook reports. */
export const askedFor = (write: RequestWrite): readonly ReleaseRequest[] => {
  const made = written(write);
  return faults(write, made).length > 0 ? [] : made.flatMap(({ id, text }) => readRequest(id, text) ?? []);
};

/** The annotations' texts with author and time added to each request. */
export const signed = (requests: readonly ReleaseRequest[], by: string, now: Instant): Labels =>
  Object.fromEntries(
    requests.map(({ id, verb, reason }) => {
      const why = reason === undefined ? {} : { reason };
      return [requestKey(id), JSON.stringify({ verb, ...why, by, at: toRfc3339(now) })];
    }),
  );

/** The problems of the signed requests that `user` makes in this write. */
export const requestProblems = (write: RequestWrite, user: string): readonly Problem[] => {
  const made = written(write);
  const found = faults(write, made);
  return found.length > 0 ? found : made.flatMap((one) => authorProblems(one, user));
};

const crowded = (count: number): Problem => ({
  field: `${requestPrefix}*`,
  value: `${count} requests`,
  rule: `must not be more than ${mostRequests} on one Release`,
  todo: 'Remove the annotations of those that status.acknowledged has; kubectl sluice does that with the next request.',
});

const changed = ({ key, text }: Written): Problem =>
  problem(key, text, 'must not be changed: it has been made', 'Make another one, with another id.');

const problemsOf = ({ key, id, text }: Written): readonly Problem[] => {
  const wrongId = isId(id) ? [] : [problem(key, id, `must end in an id: ${idWords}`, example)];
  const fields = requestFields(text);
  if (fields === undefined) return [...wrongId, problem(key, text, 'must be a JSON object', example)];
  const { verb, reason } = fields;
  return [...wrongId, ...verbProblems(key, verb), ...reasonProblems(key, reason)];
};

const verbProblems = (key: string, verb: unknown): readonly Problem[] =>
  isVerb(verb) ? [] : [problem(key, verb, `must have a verb, one of ${requestVerbs.join(', ')}`, example)];

const reasonProblems = (key: string, reason: unknown): readonly Problem[] =>
  reason === undefined || (typeof reason === 'string' && reason.length <= maxReason)
    ? []
    : [problem(key, reason, `may have a reason, a text of at most ${maxReason} characters`, 'Shorten it.')];

const authorProblems = ({ key, id, text }: Written, user: string): readonly Problem[] => {
  const by = readRequest(id, text)?.by;
  return by === user
    ? []
    : [problem(key, by ?? '', `must name its author, ${user}`, 'Leave `by` out: Sluice fills it in.')];
};

const problem = (field: string, value: unknown, rule: string, todo: string): Problem => ({
  field: asWritten(field),
  ...(value === undefined ? {} : { value: shown(value) }),
  rule,
  todo,
});

const shown = (value: unknown): string => {
  const text = asWritten(value).replace(/\p{Cc}+/gu, ' ');
  return text.length <= shownText ? text : `${text.slice(0, shownText - 1)}…`;
};

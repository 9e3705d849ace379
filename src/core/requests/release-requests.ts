/**
 * Requests of people on a Release: an annotation `sluice.dev/request.ID` each, so that several can wait at once and none
 * takes another's place. The status acknowledges each by its id.
 */
import { requestKey, requestPrefix } from '../../schema/annotations.ts';
import { mostAcknowledged } from '../../schema/release.ts';
import { isVerb, type RequestVerb } from '../../schema/request.ts';
import type { KubeObject, Labels } from '../../values/kube-object.ts';

export type ReleaseRequest = {
  /** Chosen by the client, in the annotation's key. */
  readonly id: string;
  readonly verb: RequestVerb;
  readonly reason?: string;
  /** User name. Set by the webhook, whatever the client wrote. */
  readonly by?: string;
  /** RFC 3339. Set by the webhook. */
  readonly at?: string;
};

/** On one Release, answered ones that are still there included: as many as a status acknowledges. */
export const mostRequests = mostAcknowledged;

const idForm = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

/** What the id must be, to complete `must be …`. */
export const idWords =
  'lower-case letters, digits and "-", 1 to 40 characters, beginning and ending with a letter or digit';

export const isId = (id: string): boolean => idForm.test(id);

const idOf = (key: string): string => key.slice(requestPrefix.length);

/** The texts of all requests by their ids, whatever they say. */
export const requestTexts = (annotations: Labels = {}): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(annotations).flatMap(([key, text]) =>
      key.startsWith(requestPrefix) ? [[idOf(key), text] as const] : [],
    ),
  );

/** The fields of a request's text; undefined where it is no JSON object. */
export const requestFields = (text: string): { readonly [key: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as { readonly [key: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
};

/** Undefined where it cannot be read, which the webhook refuses. Keys that mean nothing are left out. */
export const readRequest = (id: string, text: string): ReleaseRequest | undefined => {
  const { verb, ...fields } = requestFields(text) ?? {};
  if (!isId(id) || !isVerb(verb)) return undefined;
  const optional = (['reason', 'by', 'at'] as const).flatMap((key) => {
    const value = fields[key];
    return typeof value === 'string' ? [[key, value] as const] : [];
  });
  return { id, verb, ...Object.fromEntries(optional) };
};

const oldestFirst = (a: ReleaseRequest, b: ReleaseRequest): number => {
  const [one, other] = a.at === b.at ? [a.id, b.id] : [a.at ?? '', b.at ?? ''];
  return one < other ? -1 : 1;
};

/**
 * Every request that can be read, oldest first. Who wrote one while the webhook was away is not known, nor when: it comes
 * first. Past the bound, which admission keeps, nothing is read.
 */
export const requestsOf = ({ metadata }: Pick<KubeObject, 'metadata'>): readonly ReleaseRequest[] =>
  [...requestTexts(metadata.annotations)]
    .flatMap(([id, text]) => readRequest(id, text) ?? [])
    .sort(oldestFirst)
    .slice(0, mostRequests);

type Answered = { readonly id: string };

/** Those that nobody has answered yet, oldest first. */
export const openRequests = <T extends Answered>(
  requests: readonly T[],
  acknowledged: readonly Answered[] = [],
): readonly T[] => requests.filter(({ id }) => !acknowledged.some((answer) => answer.id === id));

/** Keys of the annotations that may go: their requests are answered. */
export const answeredKeys = (
  { metadata }: Pick<KubeObject, 'metadata'>,
  acknowledged: readonly Answered[] = [],
): readonly string[] => {
  const there = requestTexts(metadata.annotations);
  return acknowledged.flatMap(({ id }) => (there.has(id) ? [requestKey(id)] : []));
};

/**
 * The acknowledgements with one more, oldest first, at most `most`. The answer to a request that is still on the Release is
 * never dropped: it would be carried out a second time.
 */
export const withAnswer = <T extends Answered>(
  acknowledged: readonly T[],
  answer: T,
  { present, most }: { readonly present: readonly Answered[]; readonly most: number },
): readonly T[] => {
  const all = [...acknowledged, answer];
  const mayGo = all.filter(({ id }) => !present.some((request) => request.id === id));
  const dropped = new Set(mayGo.slice(0, Math.max(0, all.length - most)));
  return all.filter((one) => !dropped.has(one));
};

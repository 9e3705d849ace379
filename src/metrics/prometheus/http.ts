/** Turns HTTP and network failures into messages that name the address and say what to do. */
import { OutboundError } from '../../ports/outbound.ts';
import { MetricError, type MetricErrorReason } from '../../ports/metrics.ts';
import { withdrawn } from '../withdrawn.ts';

/** The Prometheus that is asked. `address` holds no credentials. */
export type Place = {
  readonly address: string;
  /** Whether messages may quote the response. Not for an address that a policy names, which may not be a Prometheus at all. */
  readonly quotes: boolean;
};

type Kind = { readonly reason: MetricErrorReason; readonly retry: boolean };

const failure = ({ reason, retry }: Kind, place: Place, what: string, cause?: unknown): MetricError =>
  new MetricError(reason, `Prometheus at ${place.address} ${what}`, { retry, cause });

export const malformed = (place: Place, what: string, cause?: unknown): MetricError =>
  failure({ reason: 'malformed', retry: false }, place, what, cause);

export type Body = { readonly text: string; readonly bytes: number };

/** The body as text, with its length. Rejects with a MetricError as soon as the body exceeds `maxBytes`. */
export const readBounded = async (response: Response, place: Place, maxBytes: number): Promise<Body> => {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw failure(
        { reason: 'too-large', retry: false },
        place,
        `answers with more than ${maxBytes} bytes: too many series match; drop labels or buckets at the source, or raise the limit`,
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return { text: text + decoder.decode(), bytes: size };
};

type Said = { readonly type: string; readonly words: string };

/** The error message in a 4xx or 5xx response of Prometheus; the start of the body if that is something else. */
const saidIn = (text: string): Said => {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) {
      const type = 'errorType' in parsed ? String(parsed.errorType) : '';
      return { type, words: String(parsed.error) };
    }
  } catch {
    // Not JSON, so probably the answer of a proxy in between.
  }
  return { type: '', words: text.trim().slice(0, 200) };
};

type Rule = Kind & { readonly todo: string };

const byStatus: Readonly<Record<number, Rule>> = {
  400: { reason: 'refused', retry: false, todo: 'correct the query' },
  401: { reason: 'refused', retry: false, todo: 'give Sluice credentials it accepts' },
  403: { reason: 'refused', retry: false, todo: 'allow these credentials to query it' },
  404: { reason: 'refused', retry: false, todo: 'check the address, with its path prefix if it has one' },
  405: { reason: 'refused', retry: false, todo: 'let POST /api/v1/query through' },
  422: { reason: 'refused', retry: false, todo: 'correct the query' },
  413: { reason: 'too-large', retry: false, todo: 'raise the limit of what stands before it' },
  429: { reason: 'refused', retry: true, todo: 'raise its rate limit if this stays' },
};

const redirected: Rule = { reason: 'refused', retry: false, todo: 'give the address it redirects to, or credentials' };
const broken: Rule = { reason: 'unreachable', retry: true, todo: 'see its log' };
const unexpected: Rule = { reason: 'malformed', retry: false, todo: 'check that this is a Prometheus' };

/** Prometheus and compatible servers distinguish an exceeded limit from other evaluation errors only in the message text. */
const isLimit = (status: number, words: string): boolean => status === 422 && /too many|limit|exceed/i.test(words);
const limited: Rule = { reason: 'too-large', retry: false, todo: 'raise that limit, or drop labels at the source' };

const ruleFor = (status: number, { type, words }: Said): Rule => {
  // 503 is also how it says that the query ran out of time (errorType timeout) or was cancelled.
  if (type === 'timeout') return { reason: 'timeout', retry: true, todo: 'make the query cheaper if this stays' };
  if (isLimit(status, words)) return limited;
  if (status >= 300 && status < 400) return redirected;
  return byStatus[status] ?? (status >= 500 ? broken : unexpected);
};

/** An answer that is not 2xx. */
export const httpFailure = (response: Response, text: string, place: Place): MetricError => {
  const words = saidIn(text);
  const rule = ruleFor(response.status, words);
  if (!place.quotes) return failure(rule, place, `answers ${response.status}: ${rule.todo}`);
  const location = response.headers.get('location');
  const to = location === null ? '' : ` to ${location}`;
  const said = words.words === '' ? '' : ` (${words.words})`;
  return failure(rule, place, `answers ${response.status} ${response.statusText}${to}${said}: ${rule.todo}`);
};

/**
 * The root cause: fetch only says "fetch failed" and keeps the rest in `cause`. When several addresses were tried, only an
 * error code is left.
 */
const rootOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return String(error);
  const { cause, message, code } = error as { cause?: unknown; message?: unknown; code?: unknown };
  if (cause !== undefined) return rootOf(cause);
  return [message, code].find((text) => typeof text === 'string' && text !== '')?.toString() ?? 'unknown error';
};

/** The system's error code, such as `ECONNREFUSED`. It reveals nothing about the peer. */
const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'the connection failed';
};

/** A missing or incomplete response. */
export const networkFailure = (cause: unknown, place: Place, signal: AbortSignal): MetricError => {
  if (signal.aborted) return withdrawn(signal, `Prometheus at ${place.address}`, cause);
  if (cause instanceof OutboundError)
    return failure({ reason: 'refused', retry: false }, place, `may not be asked: ${cause.message}`, cause);
  const todo = 'check the address and that the network lets Sluice reach it';
  const why = place.quotes ? rootOf(cause) : codeOf(cause);
  return failure({ reason: 'unreachable', retry: true }, place, `cannot be reached (${why}): ${todo}`, cause);
};

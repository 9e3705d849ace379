/** Turns API responses and network failures into ClusterError, the cluster port's only error. */
import type { Milliseconds } from '../values/time.ts';
import { ClusterError, type ClusterErrorReason } from '../ports/cluster.ts';

const reasonOfCode = new Map<number, ClusterErrorReason>([
  [400, 'invalid'],
  [401, 'forbidden'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [405, 'invalid'],
  [406, 'invalid'],
  [409, 'conflict'],
  [410, 'gone'],
  [413, 'invalid'],
  [415, 'invalid'],
  [422, 'invalid'],
  [429, 'throttled'],
]);

/** The relevant fields of a `v1 Status`. All are optional, because a proxy may have answered instead. */
export type ApiStatus = {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: unknown;
};

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const detailedRetry = (details: unknown): Milliseconds | undefined => {
  const seconds = (details as { retryAfterSeconds?: unknown } | null | undefined)?.retryAfterSeconds;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
};

/** Parses `Retry-After`, which holds either seconds or an HTTP date. */
export const retryAfterHeader = (header: string | undefined, now: Milliseconds): Milliseconds | undefined => {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};

/** `what` names the operation; it prefixes the message. */
export const errorOfStatus = (
  status: ApiStatus,
  code: number,
  what: string,
  retryAfter?: Milliseconds,
): ClusterError => {
  const reason = status.reason === 'AlreadyExists' ? 'already-exists' : (reasonOfCode.get(code) ?? 'server');
  const wait = retryAfter ?? detailedRetry(status.details);
  const message = `${what}: ${text(status.message) ?? `the API server answered ${code}`}`;
  const missing = reason === 'not-found' ? text((status.details as { name?: unknown } | undefined)?.name) : undefined;
  return new ClusterError(reason, message, {
    ...(wait === undefined ? {} : { retryAfter: wait }),
    ...(missing === undefined ? {} : { missing }),
  });
};

/** For a response that is not 2xx. A body that is not a Status is quoted, up to 200 characters. */
export const errorOfResponse = (
  body: string,
  code: number,
  what: string,
  retryAfter: Milliseconds | undefined,
): ClusterError => {
  let status: ApiStatus;
  try {
    const parsed: unknown = JSON.parse(body);
    status = typeof parsed === 'object' && parsed !== null ? parsed : { message: String(parsed) };
  } catch {
    const quoted = body.trim().slice(0, 200);
    status = { message: `the API server answered ${code}${quoted === '' ? '' : `: ${quoted}`}` };
  }
  return errorOfStatus(status, code, what, retryAfter);
};

/** For an `ERROR` event of a watch, whose object is a Status. */
export const errorOfWatchEvent = (object: unknown, what: string): ClusterError => {
  const status: ApiStatus = typeof object === 'object' && object !== null ? object : {};
  return errorOfStatus(status, typeof status.code === 'number' ? status.code : 500, what);
};

/** For a request that got no response: connection refused or reset, response cut off, timeout. */
export const errorOfNetwork = (cause: unknown, what: string): ClusterError => {
  if (cause instanceof ClusterError) return cause;
  return new ClusterError('unreachable', `${what}: ${causeText(cause)}`, { cause });
};

/** When ::1 and 127.0.0.1 both refuse, Node throws an AggregateError whose own message is empty. */
const causeText = (cause: unknown): string => {
  if (cause instanceof AggregateError && cause.errors.length > 0) return causeText(cause.errors[0]);
  return cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
};

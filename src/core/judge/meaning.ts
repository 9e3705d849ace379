/** Derives the outcome of requests from the labels of their series. */
import type { Labels } from '../../values/kube-object.ts';

/**
 * The outcome of the requests that a series counts. `skip` means that they are not user requests, `unknown` that the labels
 * do not say.
 */
export type Meaning = 'ok' | 'failed' | 'skip' | 'unknown';

/**
 * 100 to 599, or a class of them such as `5xx`. Everything else (`error`, `OK`, `500.0`) is a word, and words are not
 * interpreted.
 */
const httpStatus = /^[1-5](\d\d|xx)$/i;

/** Labels that hold the HTTP status in common libraries. The first with a valid status is used. */
export const statusLabels = [
  'status',
  'code',
  'status_code',
  'statusCode',
  'http_status',
  'http_response_status_code',
  'http_status_code',
] as const;

const ofStatus = (status: string): Meaning => (status.startsWith('5') ? 'failed' : 'ok');

/** The outcome according to the first of these labels that holds an HTTP status; `unknown` if none does. */
export const meaningOfStatus = (labels: Labels, names: readonly string[] = statusLabels): Meaning => {
  const status = names.map((name) => labels[name] ?? '').find((text) => httpStatus.test(text));
  return status === undefined ? 'unknown' : ofStatus(status);
};

/** gRPC codes for server errors. The HTTP status of a gRPC response is 200 even for errors. */
const grpcFaults = new Map([
  ['2', 'Unknown'],
  ['4', 'DeadlineExceeded'],
  ['12', 'Unimplemented'],
  ['13', 'Internal'],
  ['14', 'Unavailable'],
  ['15', 'DataLoss'],
]);
const grpcWords: readonly string[] = [
  'OK',
  'Canceled',
  'InvalidArgument',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unauthenticated',
  ...grpcFaults.values(),
];

/** `DEADLINE_EXCEEDED` and `DeadlineExceeded` are the same. */
const plain = (word: string): string => word.replaceAll('_', '').toLowerCase();
const faults = new Set([...grpcFaults.keys(), ...[...grpcFaults.values()].map(plain)]);
const known = new Set([...Array.from({ length: 17 }, (_, code) => String(code)), ...grpcWords.map(plain)]);

/** The outcome according to a gRPC code, given as a number or a name. */
export const meaningOfGrpc = (code = ''): Meaning => {
  const word = plain(code);
  if (!known.has(word)) return 'unknown';
  return faults.has(word) ? 'failed' : 'ok';
};

/** What labels say about the requests that a series counts. */
import type { Labels } from '../../values/kube-object.ts';

/** What became of the requests a series counts. `skip`: not the users' requests. `unknown`: the labels do not say. */
export type Meaning = 'ok' | 'failed' | 'skip' | 'unknown';

/** 100 to 599, or a class of them such as `5xx`. Everything else (`error`, `OK`, `500.0`) is a word, and words are not guessed at. */
const httpStatus = /^[1-5](\d\d|xx)$/i;

/** Labels that hold the HTTP status in the libraries people use. The first that holds one counts. */
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

/** What the first of these labels says that holds an HTTP status; `unknown` where none does. */
export const meaningOfStatus = (labels: Labels, names: readonly string[] = statusLabels): Meaning => {
  const status = names.map((name) => labels[name] ?? '').find((text) => httpStatus.test(text));
  return status === undefined ? 'unknown' : ofStatus(status);
};

/** Decodes Prometheus' JSON to series. Input is not trusted: anything unexpected is a MetricError, never a guess. */
import type { Labels } from '../../values/kube-object.ts';
import type { Series } from '../../core/judge/series.ts';
import type { Ask, Fetched, SamplesAsk } from '../../core/questions/source-form.ts';
import type { Instant } from '../../values/time.ts';
import { plural } from '../../values/words.ts';
import { malformed, type Place } from './http.ts';

type Point = readonly [Instant, number];
type Fields = { readonly [name: string]: unknown };

/** Thrown only inside this file, where the address is not known. `unquoted` is the message without quotes from the response. */
class Unfit extends Error {
  readonly unquoted: string;
  constructor(message: string, unquoted = message) {
    super(message);
    this.unquoted = unquoted;
  }
}

const fields = (value: unknown, what: string): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unfit(`${what} is not an object`);
  return value as Fields;
};

const list = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw new Unfit(`${what} is not a list`);
  return value;
};

const specials: Readonly<Record<string, number>> = { NaN: Number.NaN, '+Inf': Infinity, '-Inf': -Infinity };

const number = (text: unknown): number => {
  if (typeof text !== 'string') throw new Unfit('a value is not a text');
  const special = specials[text];
  if (special !== undefined) return special;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new Unfit(`"${text}" is not a number`, 'a value is not a number');
  return value;
};

const point = (pair: unknown): Point => {
  const [at, value] = list(pair, 'a point');
  if (typeof at !== 'number') throw new Unfit('the time of a point is not a number');
  return [Math.round(at * 1000), number(value)];
};

const labelsOf = (metric: unknown): Labels => {
  const labels = fields(metric, 'metric');
  for (const [name, value] of Object.entries(labels))
    if (typeof value !== 'string') throw new Unfit(`label ${name} is not a text`, 'a label is not a text');
  return labels as Labels;
};

const refuseNative = (element: Fields): void => {
  if (element['histogram'] !== undefined || element['histograms'] !== undefined)
    throw new Unfit(
      'the query gives a native histogram and a check needs numbers: use histogram_quantile(…) or histogram_count(…)',
    );
};

const matrixElement = (value: unknown, ask: SamplesAsk): Series => {
  const element = fields(value, 'a series');
  // Native histograms are not counters and are skipped. An error instead would fail the merged query for every release in
  // it.
  const all = list(element['values'] ?? [], 'values');
  // Prometheus 2 includes the point exactly at the start of a range, Prometheus 3 does not.
  const points: Point[] = [];
  for (const pair of all) {
    const one = point(pair);
    if (one[0] > ask.from && one[0] <= ask.to) points.push(one);
  }
  return { labels: labelsOf(element['metric']), points };
};

const vectorElement = (value: unknown): Series => {
  const element = fields(value, 'a series');
  refuseNative(element);
  return { labels: labelsOf(element['metric']), points: [point(element['value'])] };
};

const resultTypes: readonly unknown[] = ['matrix', 'vector', 'scalar', 'string'];

/** An ask and the query text that was sent. */
export type Sent = { readonly ask: Ask; readonly query: string };

const seriesOf = (data: Fields, ask: Ask): readonly Series[] => {
  const { resultType: type, result } = data;
  if (ask.shape === 'samples' && type === 'matrix')
    return list(result, 'result')
      .map((element) => matrixElement(element, ask))
      .filter(({ points }) => points.length > 0);
  if (ask.shape === 'value' && type === 'vector') return list(result, 'result').map(vectorElement);
  if (ask.shape === 'value' && type === 'scalar') return [{ labels: {}, points: [point(result)] }];
  const given = resultTypes.includes(type) ? `a ${String(type)}` : 'something';
  throw new Unfit(
    ask.shape === 'value'
      ? `the query gives ${given} and a check needs a number: a range such as [1m] belongs into a function such as rate(…)`
      : `the answer is ${given} and not the matrix of raw samples that was asked for`,
  );
};

const texts = (value: unknown): readonly string[] =>
  value === undefined || value === null ? [] : list(value, 'warnings').map(String);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unfit(
      `the answer is not JSON but begins with "${text.trim().slice(0, 40)}": is this a Prometheus?`,
      'the answer is not JSON: is this a Prometheus?',
    );
  }
};

const notesOf = (notes: readonly string[], { quotes }: Place): readonly string[] =>
  quotes || notes.length === 0
    ? notes
    : [`${plural(notes.length, 'note')}, not shown of an address that a policy names`];

/** Decodes the body of a 2xx response to `ask`, which was sent as `query`. Throws a MetricError `malformed`. */
export const decodeAnswer = (text: string, { ask, query }: Sent, place: Place): Omit<Fetched, 'bytes'> => {
  try {
    const body = fields(parsed(text), 'the answer');
    if (body['status'] !== 'success')
      throw new Unfit(`the status is "${String(body['status'])}" and not "success"`, 'the status is not "success"');
    const series = seriesOf(fields(body['data'], 'data'), ask);
    return { series, notes: notesOf([...texts(body['warnings']), ...texts(body['infos'])], place) };
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const [what, cause] = place.quotes ? [error.message, error] : [error.unquoted];
    throw malformed(place, `gave an answer that cannot be used: ${what} (asked: ${query})`, cause);
  }
};

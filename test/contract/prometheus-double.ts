/**
 * A small stand-in for Prometheus' HTTP API: range selectors over loaded series, fixed results for other queries, and
 * whatever else a test wants answered. It reads PromQL's selectors on its own, so that what the product writes is read
 * by something that does not share its code.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Series } from '../../src/core/judge/series.ts';
import { close, listen } from '../cluster/listen.ts';

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
};

export type PrometheusDouble = {
  readonly address: string;
  readonly received: readonly Received[];
  /** Loaded series, for range selectors. */
  readonly series: Series[];
  /** `data` of the answer to a query. */
  readonly results: Map<string, object>;
  /** Answers instead, when set. */
  reply: ((received: Received, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
};

type Matcher = { readonly label: string; readonly test: (value: string) => boolean };

const matcherSyntax = /\s*([a-zA-Z_]\w*)(=~|=)("(?:[^"\\]|\\.)*")\s*,?/y;

const matchersOf = (body: string): readonly Matcher[] => {
  const found: Matcher[] = [];
  matcherSyntax.lastIndex = 0;
  while (matcherSyntax.lastIndex < body.length) {
    const match = matcherSyntax.exec(body);
    if (match === null) throw new Error(`cannot read the matchers {${body}}`);
    const [, label = '', op, quoted = ''] = match;
    const value = JSON.parse(quoted) as string;
    const pattern = op === '=~' ? new RegExp(`^(?:${value})$`, 's') : undefined;
    found.push({ label, test: (actual) => pattern?.test(actual) ?? actual === value });
  }
  return found;
};

const rangeSyntax = /^([a-zA-Z_:][\w:]*)\{(.*)\}\[(\d+)(ms|s)\]$/s;

/** As Prometheus 2 does it, the point exactly at the start is included. */
const selected = (query: string, series: readonly Series[], to: number): object | undefined => {
  const [, metric, body = '', span = '', unit] = rangeSyntax.exec(query) ?? [];
  if (metric === undefined) return undefined;
  const from = to - Number(span) * (unit === 's' ? 1000 : 1);
  const matchers = matchersOf(body);
  const result = series
    .filter(({ labels }) => labels['__name__'] === metric && matchers.every((m) => m.test(labels[m.label] ?? '')))
    .map(({ labels, points }) => ({
      metric: labels,
      values: points.filter(([at]) => at >= from && at <= to).map(written),
    }))
    .filter(({ values }) => values.length > 0);
  return { resultType: 'matrix', result };
};

const written = ([at, value]: readonly [number, number]): readonly [number, string] => [
  at / 1000,
  String(value).replace('Infinity', 'Inf').replace(/^Inf/, '+Inf'),
];

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const answer = (double: PrometheusDouble, { form }: Received, response: ServerResponse): void => {
  const query = form.get('query') ?? '';
  const at = Number(form.get('time')) * 1000;
  const data = double.results.get(query) ?? selected(query, double.series, Math.round(at));
  if (data === undefined) send(response, 400, { status: 'error', errorType: 'bad_data', error: `unknown: ${query}` });
  else send(response, 200, { status: 'success', data });
};

/** Listens on 127.0.0.1 until closed. */
export const startPrometheusDouble = async (): Promise<PrometheusDouble> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        form: new URLSearchParams(body),
      };
      received.push(one);
      if (double.reply === undefined) answer(double, one, response);
      else double.reply(one, response);
    });
  });
  const port = await listen(server);
  const double: PrometheusDouble = {
    address: `http://127.0.0.1:${port}`,
    received,
    series: [],
    results: new Map(),
    reply: undefined,
    close: () => {
      const closed = close(server);
      server.closeAllConnections();
      return closed;
    },
  };
  return double;
};

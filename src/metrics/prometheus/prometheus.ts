/** Prometheus' HTTP API, and whatever else speaks it (Thanos, Mimir, VictoriaMetrics). */
import type { Ask, Fetched } from '../../core/questions/source-form.ts';
import type { Instant, Milliseconds } from '../../values/time.ts';
import { MetricError, type MetricSource } from '../../ports/metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OutboundFetch } from '../../ports/outbound.ts';
import { serverClock, type ServerClock } from '../../ports/server-clock.ts';
import { decodeAnswer } from './answer.ts';
import { httpFailure, networkFailure, readBounded, type Body, type Place } from './http.ts';
import { promqlDuration, selectorText } from './promql.ts';
import { askedBehind, seriesAhead } from './source-time.ts';

export type PrometheusAuth =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

export type PrometheusOptions = {
  /**
   * Base address, with the path prefix if it has one: `http://prometheus.monitoring:9090`. A user and password in it are
   * used but never shown.
   */
  readonly address: string;
  readonly auth?: PrometheusAuth;
  /** Sent with every request, for example a tenant: `X-Scope-OrgID`. */
  readonly headers?: { readonly [name: string]: string };
  /** Evaluation timeout passed to Prometheus with each query; 10 s by default. */
  readonly timeout?: Milliseconds;
  /** Longest response to read, in bytes; 32 MiB by default. */
  readonly maxBytes?: number;
  /** Set for an address that a policy names: requests use this guarded fetch, and messages never quote the response. */
  readonly guarded?: OutboundFetch;
  /**
   * The clock that windows refer to. If Prometheus' clock differs, windows are converted to its time; without a clock they
   * are sent unchanged.
   */
  readonly clock?: Clock;
};

const defaults = { timeout: 10_000, maxBytes: 32 * 1024 * 1024 } as const;

type Access = { readonly place: Place; readonly url: string; readonly headers: Readonly<Record<string, string>> };

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const authorization = (auth: PrometheusAuth | undefined, url: URL): string | undefined => {
  if (auth?.kind === 'bearer') return `Bearer ${auth.token}`;
  if (auth?.kind === 'basic') return basic(auth.user, auth.password);
  if (url.username === '' && url.password === '') return undefined;
  return basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
};

/** Throws a MetricError for an invalid address: it comes from the configuration and is first parsed here. */
const accessTo = (options: PrometheusOptions): Access => {
  const url = URL.parse(options.address);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new MetricError(
      'refused',
      `"${options.address}" is not the address of a Prometheus: write one such as http://prometheus.monitoring:9090`,
      { retry: false },
    );
  const authorized = authorization(options.auth, url);
  const address = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  return {
    place: { address, quotes: options.guarded === undefined },
    url: `${address}/api/v1/query`,
    headers: { accept: 'application/json', ...options.headers, ...(authorized && { authorization: authorized }) },
  };
};

const seconds = (at: Instant): string => (at / 1000).toFixed(3);

const queryOf = (ask: Ask): string => (ask.shape === 'samples' ? selectorText(ask.selector) : ask.query);

const bodyOf = (ask: Ask, timeout: Milliseconds): URLSearchParams => {
  const query = queryOf(ask);
  const asked =
    ask.shape === 'samples'
      ? { query: `${query}[${promqlDuration(ask.to - ask.from)}]`, time: seconds(ask.to) }
      : { query, time: seconds(ask.at) };
  return new URLSearchParams({ ...asked, timeout: promqlDuration(timeout) });
};

/** One request. Rejects with MetricError only. */
const post = async (access: Access, body: URLSearchParams, limits: Limits): Promise<Body> => {
  const { place } = access;
  const asked = limits.time?.now() ?? 0;
  try {
    const response = await limits.fetch(access.url, {
      method: 'POST',
      body,
      headers: access.headers,
      // A redirect is nearly always a login page, and following one would drop the body or hand the credentials on.
      redirect: 'manual',
      signal: limits.signal,
    });
    limits.time?.heard(response.headers.get('date') ?? undefined, asked);
    const read = await readBounded(response, place, limits.maxBytes);
    if (!response.ok) throw httpFailure(response, read.text, place);
    return read;
  } catch (cause) {
    if (cause instanceof MetricError) throw cause;
    throw networkFailure(cause, place, limits.signal);
  }
};

type Limits = {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly fetch: OutboundFetch;
  readonly time?: SourceTime;
};

/** How far our clock is ahead of Prometheus', from the `Date` of its responses. */
type SourceTime = Pick<ServerClock, 'heard' | 'skew'> & { readonly now: () => Instant };

const timeOf = (clock: Clock): SourceTime => {
  const theirs = serverClock(clock);
  return {
    now: () => clock.now(),
    heard: (date, asked) => theirs.heard(date, asked),
    get skew() {
      return theirs.skew;
    },
  };
};

/** Asks by POST, so that long selectors fit. Every request is one instant query; nothing is cached or retried here. */
export const prometheus = (options: PrometheusOptions): MetricSource => {
  const time = options.clock === undefined ? undefined : timeOf(options.clock);
  const fetchOne = async (ask: Ask, signal: AbortSignal, most = Infinity): Promise<Fetched> => {
    const access = accessTo(options);
    const maxBytes = Math.min(most, options.maxBytes ?? defaults.maxBytes);
    const limits = { signal, maxBytes, fetch: options.guarded ?? fetch, ...(time && { time }) };
    const { text, bytes } = await post(access, bodyOf(ask, options.timeout ?? defaults.timeout), limits);
    return { ...decodeAnswer(text, { ask, query: queryOf(ask) }, access.place), bytes };
  };
  const inItsTime: MetricSource['fetch'] = async (ask, signal, most) => {
    const behind = time?.skew ?? 0;
    const fetched = await fetchOne(askedBehind(ask, behind), signal, most);
    // The first response reveals the clock skew, but it was for the wrong window, so the request is repeated.
    if ((time?.skew ?? 0) !== behind) return inItsTime(ask, signal, most);
    return { ...fetched, series: seriesAhead(fetched.series, behind) };
  };
  return {
    fetch: inItsTime,
    // A query rather than a health endpoint: those need no credentials, and compatible servers have different ones.
    ping: async (signal) => {
      await fetchOne({ query: 'vector(1)', shape: 'value', at: 0 }, signal);
    },
  };
};

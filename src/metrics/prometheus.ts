/** Prometheus' HTTP API, and whatever else speaks it (Thanos, Mimir, VictoriaMetrics). */
import { checkQuery } from '../core/judge/query-text.ts';
import { promqlDuration } from '../core/judge/asks.ts';
import type { Answer, Ask } from '../core/judge/series.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { MetricError, type MetricSource } from '../ports/metrics.ts';
import type { OutboundFetch } from '../ports/outbound.ts';
import { decodeAnswer } from './prometheus-answer.ts';
import { httpFailure, networkFailure, readBounded, type Place } from './prometheus-http.ts';

export type PrometheusAuth =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

export type PrometheusOptions = {
  /** Base address, with the path prefix if it has one: `http://prometheus.monitoring:9090`. User and password in it are used and never shown. */
  readonly address: string;
  readonly auth?: PrometheusAuth;
  /** Sent with every request, for example a tenant: `X-Scope-OrgID`. */
  readonly headers?: { readonly [name: string]: string };
  /** For one query, 10 s unless set. Prometheus is told as well, so that it stops working on it. */
  readonly timeout?: Milliseconds;
  /** Longest answer read, in bytes, 32 MiB unless set. */
  readonly maxBytes?: number;
  /** For an address that a policy names: requests go this way, and no word of an answer is told. */
  readonly guarded?: OutboundFetch;
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

/** Throws MetricError: the address is read from configuration, and only here is it known to be one. */
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
    place: { address, timeout: options.timeout ?? defaults.timeout, quotes: options.guarded === undefined },
    url: `${address}/api/v1/query`,
    headers: { accept: 'application/json', ...options.headers, ...(authorized && { authorization: authorized }) },
  };
};

const seconds = (at: Instant): string => (at / 1000).toFixed(3);

const bodyOf = (ask: Ask, timeout: Milliseconds): URLSearchParams =>
  new URLSearchParams({
    query: ask.shape === 'samples' ? `${ask.query}[${promqlDuration(ask.to - ask.from)}]` : ask.query,
    time: seconds(ask.to),
    timeout: promqlDuration(timeout),
  });

/** One request. Rejects with MetricError only. */
const post = async (access: Access, body: URLSearchParams, limits: Limits): Promise<string> => {
  const { place } = access;
  const late = AbortSignal.timeout(place.timeout);
  try {
    const response = await limits.fetch(access.url, {
      method: 'POST',
      body,
      headers: access.headers,
      // A redirect is nearly always a login page, and following one would drop the body or hand the credentials on.
      redirect: 'manual',
      signal: AbortSignal.any([limits.signal, late]),
    });
    const text = await readBounded(response, place, limits.maxBytes);
    if (!response.ok) throw httpFailure(response, text, place);
    return text;
  } catch (cause) {
    if (cause instanceof MetricError) throw cause;
    throw networkFailure(cause, place, { signal: limits.signal, late: late.aborted });
  }
};

type Limits = { readonly signal: AbortSignal; readonly maxBytes: number; readonly fetch: OutboundFetch };

/** Asks by POST, so that long selectors fit. Every request is one instant query; nothing is cached or retried here. */
export const prometheus = (options: PrometheusOptions): MetricSource => {
  const ask = async (one: Ask, signal: AbortSignal): Promise<Answer> => {
    const access = accessTo(options);
    const limits = { signal, maxBytes: options.maxBytes ?? defaults.maxBytes, fetch: options.guarded ?? fetch };
    return decodeAnswer(await post(access, bodyOf(one, access.place.timeout), limits), one, access.place);
  };
  return {
    kind: 'prometheus',
    check: checkQuery,
    fetch: ask,
    // Not a health page: those need no credentials, and compatible servers have other ones.
    ping: async (signal) => {
      await ask({ query: 'vector(1)', shape: 'value', from: 0, to: 0 }, signal);
    },
  };
};

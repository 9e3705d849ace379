/**
 * A `fetch` for addresses that policies name. What may be reached is decided when the connection is made, by the IP address
 * that it is made to: a name that led elsewhere a moment ago is no way around it. Global `fetch` cannot be told how to
 * resolve, so this is Node's own client.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { ipOf } from '../core/outbound/allowed-address.ts';
import { reachRefusal, type Permission } from '../core/outbound/decide-address.ts';
import { OutboundError, type OutboundFetch, type OutboundRequest } from '../ports/outbound.ts';

/** As `dns.lookup` with `all`: every IP address of a name. */
export type Resolve = (
  host: string,
  options: { readonly all: true; readonly family?: number | 'IPv4' | 'IPv6' },
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export type GuardOptions = { readonly resolve?: Resolve };

const refusal = (addresses: readonly LookupAddress[], permission: Permission): OutboundError | undefined => {
  const why = addresses.map(({ address }) => reachRefusal(address, permission)).find((one) => one !== undefined);
  return why === undefined ? undefined : new OutboundError(`its name leads to ${why}`);
};

/** One address that is off limits is enough to refuse them all: which of them is connected to is not ours to choose. */
const guardedLookup =
  (permission: Permission, resolve: Resolve): LookupFunction =>
  (host, { family, all }, done) => {
    resolve(host, { all: true, ...(family === undefined ? {} : { family }) }, (error, addresses) => {
      // Where there is an error there are no addresses, whatever their type says.
      const wrong = error ?? refusal(addresses, permission);
      if (wrong !== undefined) done(wrong, '');
      else if (all === true) done(null, [...addresses]);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };

/** An IP address is never looked up. */
const checkLiteral = (host: string, permission: Permission): void => {
  const ip = ipOf(host);
  const why = ip === undefined ? undefined : reachRefusal(ip, permission);
  if (why !== undefined) throw new OutboundError(`it is ${why}`);
};

/** Statuses whose answers have no body, to `Response` as to HTTP. */
const bodiless = new Set([204, 205, 304]);

const responseOf = (message: http.IncomingMessage): Response => {
  const { statusCode: status = 0 } = message;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct))
    for (const value of values) headers.append(name, value);
  if (!bodiless.has(status)) return new Response(Readable.toWeb(message) as ReadableStream, { status, headers });
  message.resume();
  return new Response(null, { status, headers });
};

const textOf = (body: OutboundRequest['body']): string | undefined => body?.toString();

const headersOf = ({ headers, body }: OutboundRequest): Record<string, string> => ({
  ...(body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' } : {}),
  ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body.toString())) }),
  ...headers,
});

type Agents = { readonly 'http:': http.Agent; readonly 'https:': https.Agent };

const send = (agents: Agents, url: URL, request: OutboundRequest, lookup: LookupFunction): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { method, signal } = request;
    const options = { method, signal, lookup, headers: headersOf(request) };
    const sent =
      url.protocol === 'https:'
        ? https.request(url, { ...options, agent: agents['https:'] })
        : http.request(url, { ...options, agent: agents['http:'] });
    sent.on('response', (message) => {
      try {
        resolve(responseOf(message));
      } catch (error) {
        sent.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    sent.on('error', reject);
    sent.end(textOf(request.body));
  });

/** How long a connection is kept for the next request. */
const idle = 15_000;

/**
 * Connections are shared among the requests of one of these and no others: they were made under its permission. Rejects as
 * `fetch` does, and with OutboundError.
 */
export const guardedFetch = (permission: Permission, { resolve = systemLookup }: GuardOptions = {}): OutboundFetch => {
  const kept = { keepAlive: true, timeout: idle };
  const agents: Agents = { 'http:': new http.Agent(kept), 'https:': new https.Agent(kept) };
  const lookup = guardedLookup(permission, resolve);
  return async (address, request) => {
    const url = new URL(address);
    checkLiteral(url.hostname, permission);
    return send(agents, url, request, lookup);
  };
};

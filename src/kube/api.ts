/**
 * A thin client for the Kubernetes REST API: one request, one response, one error type. It never retries: the work
 * queue does, because it knows what a request is for.
 */
import type { IncomingMessage } from 'node:http';
import type { Json, JsonObject } from '../values/kube-object.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { errorOfNetwork, errorOfResponse, errorOfWatchEvent, retryAfterHeader } from './api-status.ts';
import { credentialSource, type CredentialSource } from './credentials.ts';
import { findConnection, type ConnectionOptions, type Impersonation } from './kubeconfig.ts';
import { lineSplitter } from './line-splitter.ts';
import { transport, type Transport } from './transport.ts';

export type Query = { readonly [name: string]: string | undefined };

export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Names the operation in messages: `patch deployments.apps shop/web`. */
  readonly what: string;
  readonly query?: Query;
  readonly body?: Json;
  /** Default: JSON. */
  readonly contentType?: string;
  readonly accept?: string;
  /** Time limit for the whole request. Default: `ApiOptions.deadline`. */
  readonly deadline?: Milliseconds;
};

export type WatchCall = Pick<ApiCall, 'path' | 'what' | 'query' | 'accept'>;
export type WatchEvent = { readonly type: string; readonly object: JsonObject };

/** A finished request or an opened watch, for metrics. `code` is 0 when there was no response. */
export type ApiReport = {
  readonly verb: ApiCall['method'] | 'WATCH';
  readonly path: string;
  readonly code: number;
  readonly took: Milliseconds;
};

export type ApiOptions = ConnectionOptions & {
  readonly clock: Clock;
  /** For the user agent `sluice/<version> (<component>)`. */
  readonly component: string;
  readonly version: string;
  /** Impersonates this user; the API server then applies that user's RBAC. */
  readonly impersonate?: Impersonation;
  /** Default time limit of a request. Default: 30 s. */
  readonly deadline?: Milliseconds;
  readonly report?: (report: ApiReport) => void;
  /** Called with the `Date` header of every response and the time its request was sent. */
  readonly heard?: (date: string | undefined, asked: Instant) => void;
  /** Called immediately before each write is sent. If it returns false, the write fails as a conflict. */
  readonly mayWrite?: () => boolean;
};

export interface Api {
  /** Rejects with ClusterError only. A 2xx without a body resolves to an empty object. */
  request(call: ApiCall): Promise<JsonObject>;
  /**
   * Calls `onEvent` for each event, in order. Resolves when the API server ends the watch or `signal` is aborted.
   * Rejects with ClusterError when the watch cannot be started, breaks, or carries an ERROR event.
   */
  watch(call: WatchCall, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
  /** Namespace of the kubeconfig's context or of the pod. */
  readonly namespace: string | undefined;
  readonly server: string;
  /** Cancels all requests and watches in flight. */
  close(): void;
}

const DEADLINE: Milliseconds = 30_000;

type Place = Pick<Api, 'server' | 'namespace'>;
type Exchange = { readonly call: ApiCall | WatchCall; readonly method: ApiCall['method']; readonly streaming: boolean };

const parseObject = (text: string, what: string): JsonObject => {
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (cause) {
    throw new ClusterError('server', `${what}: the answer is not JSON: ${text.slice(0, 200)}`, { cause });
  }
  throw new ClusterError('server', `${what}: the answer is not an object: ${text.slice(0, 200)}`);
};

const readAll = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
};

const parseEvent = (line: string, what: string): WatchEvent => {
  const { type, object } = parseObject(line, what);
  if (type === 'ERROR') throw errorOfWatchEvent(object, what);
  if (typeof type !== 'string' || typeof object !== 'object' || object === null || Array.isArray(object))
    throw new ClusterError('server', `${what}: not an event of a watch: ${line.slice(0, 200)}`);
  return { type, object: object as JsonObject };
};

/**
 * Lets the request's deadline also end the wait for credentials: an exec plugin may be waiting for a person to log in.
 */
const orAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(new Error('gave up before there were credentials', { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

class HttpApi implements Api {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly #options: ApiOptions;
  readonly #credentials: CredentialSource;
  readonly #transport: Transport;

  constructor(options: ApiOptions, place: Place, credentials: CredentialSource, connections: Transport) {
    this.server = place.server;
    this.namespace = place.namespace;
    this.#options = options;
    this.#credentials = credentials;
    this.#transport = connections;
  }

  async request(call: ApiCall): Promise<JsonObject> {
    const done = this.#measure(call.method, call.path);
    const limit = this.#timeLimit(call.deadline);
    try {
      const response = await this.#send({ call, method: call.method, streaming: false }, limit.signal);
      const text = await readAll(response);
      done(response.statusCode);
      this.#refuseFailure(response, text, call.what);
      return parseObject(text, call.what);
    } catch (error) {
      done(0);
      throw errorOfNetwork(limit.signal.aborted ? limit.signal.reason : error, call.what);
    } finally {
      limit.lift();
    }
  }

  async watch(call: WatchCall, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    const done = this.#measure('WATCH', call.path);
    const limit = this.#timeLimit();
    try {
      const exchange = { call, method: 'GET', streaming: true } as const;
      const response = await this.#send(exchange, AbortSignal.any([signal, limit.signal]));
      done(response.statusCode);
      if (response.statusCode !== 200) this.#refuseFailure(response, await readAll(response), call.what);
      limit.lift();
      await this.#events(response, call.what, onEvent);
    } catch (error) {
      done(0);
      if (signal.aborted) return;
      throw errorOfNetwork(limit.signal.aborted ? limit.signal.reason : error, call.what);
    } finally {
      limit.lift();
    }
  }

  close(): void {
    this.#transport.close();
  }

  async #events(response: IncomingMessage, what: string, onEvent: (event: WatchEvent) => void): Promise<void> {
    response.setEncoding('utf8');
    const split = lineSplitter();
    for await (const chunk of response) for (const line of split(chunk as string)) onEvent(parseEvent(line, what));
  }

  async #send({ call, method, streaming }: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await orAborted(this.#credentials.current(), signal);
    const { body: object, contentType } = call as ApiCall;
    const url = new URL(`${this.server}${call.path}`);
    for (const [name, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, value);
    const text = object === undefined ? undefined : JSON.stringify(object);
    const headers = {
      'user-agent': `sluice/${this.#options.version} (${this.#options.component})`,
      accept: call.accept ?? 'application/json',
      ...(text !== undefined && {
        'content-type': contentType ?? 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
      ...credentials.headers,
    };
    this.#mustBeAllowed(method, call.what);
    const asked = this.#options.clock.now();
    const body = text === undefined ? {} : { body: text };
    const response = await this.#transport.send({ method, url, headers, ...body, streaming, credentials, signal });
    this.#options.heard?.(response.headers.date, asked);
    return response;
  }

  #mustBeAllowed(method: ApiCall['method'], what: string): void {
    if (method === 'GET' || this.#options.mayWrite?.() !== false) return;
    throw new ClusterError('conflict', `${what}: not sent, since this process may not write any more`);
  }

  #refuseFailure(response: IncomingMessage, body: string, what: string): void {
    const code = response.statusCode ?? 0;
    if (code >= 200 && code < 300) return;
    if (code === 401) this.#credentials.refused();
    const wait = retryAfterHeader(response.headers['retry-after'], this.#options.clock.now());
    throw errorOfResponse(body, code, what, wait);
  }

  #measure(verb: ApiReport['verb'], path: string): (code: number | undefined) => void {
    const { clock, report } = this.#options;
    const started = clock.now();
    let open = true;
    return (code = 0) => {
      if (open) report?.({ verb, path, code, took: clock.now() - started });
      open = false;
    };
  }

  /** The signal aborts after `deadline`, unless `lift` is called first. */
  #timeLimit(deadline = this.#options.deadline ?? DEADLINE): { readonly signal: AbortSignal; lift: () => void } {
    const over = new AbortController();
    const lift = this.#options.clock.after(deadline, () => {
      over.abort(new Error(`no answer within ${deadline / 1000} s`));
    });
    return { signal: over.signal, lift };
  }
}

/** Throws an Error when no cluster can be found in the options. Nothing is sent before the first request. */
export const connectApi = (options: ApiOptions): Api => {
  const connection = findConnection(options);
  const base = new URL(connection.server);
  return new HttpApi(
    options,
    { server: connection.server, namespace: connection.namespace },
    credentialSource(connection, options.clock, options.impersonate),
    transport(base.protocol === 'https:', connection.cluster.proxyUrl),
  );
};

/**
 * A small API server for unit tests: objects in memory, lists in pages, watches with history, and faults on demand. It knows
 * no kinds: what is below `/api` or `/apis` is a collection once it has been declared with `serve`.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { close, listen } from '../cluster/listen.ts';

export type FakeObject = {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; namespace?: string; [key: string]: unknown };
  [key: string]: unknown;
};

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
};

export type Fault =
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    }
  /** Takes the request and says nothing. */
  | { readonly kind: 'hang' }
  /** Cuts the connection after this much of an answer. */
  | { readonly kind: 'cut'; readonly after?: string };

type Event = { readonly version: number; readonly type: string; readonly base: string; readonly object: FakeObject };
type Watch = {
  readonly base: string;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly response: http.ServerResponse;
  muted: boolean;
};
/** `/apis/apps/v1/namespaces/shop/deployments/web/status`, taken apart. */
type Reply = readonly [code: number, body: unknown];
type Target = { base: string; namespace: string | undefined; name: string | undefined };

export const failure = (code: number, reason: string, message: string, details: object = {}): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  code,
  reason,
  message,
  details,
});

export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  readonly #objects = new Map<string, FakeObject>();
  readonly #collections = new Set<string>();
  readonly #faults: { matches: (request: SeenRequest) => boolean; fault: Fault; left: number }[] = [];
  readonly #watches = new Set<Watch>();
  readonly #server: http.Server;
  #history: Event[] = [];
  #version = 100;
  #oldest = 0;
  #uids = 0;

  private constructor(server: http.Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#receive(request, response));
  }

  static async start(): Promise<FakeApiServer> {
    const server = http.createServer();
    const fake = new FakeApiServer(server);
    await listen(server);
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Declares collections, such as `/apis/apps/v1/deployments`. */
  serve(...bases: string[]): this {
    for (const base of bases) this.#collections.add(base);
    return this;
  }

  withdraw(base: string): void {
    this.#collections.delete(base);
    for (const watch of this.#watches) if (watch.base === base) watch.response.end();
  }

  /** Stores an object as somebody else would, and tells the watches. Returns what was stored. */
  put(base: string, object: FakeObject): FakeObject {
    const key = keyOf(base, object.metadata.namespace, object.metadata.name);
    const known = this.#objects.get(key);
    this.#version += 1;
    const uid = known?.metadata['uid'] ?? `uid-${(this.#uids += 1)}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(this.#version) } };
    this.#objects.set(key, stored);
    this.#tell({ version: this.#version, type: known === undefined ? 'ADDED' : 'MODIFIED', base, object: stored });
    return stored;
  }

  remove(base: string, namespace: string | undefined, name: string): FakeObject | undefined {
    const key = keyOf(base, namespace, name);
    const known = this.#objects.get(key);
    if (known === undefined) return undefined;
    this.#objects.delete(key);
    this.#version += 1;
    const last = { ...known, metadata: { ...known.metadata, resourceVersion: String(this.#version) } };
    this.#tell({ version: this.#version, type: 'DELETED', base, object: last });
    return known;
  }

  /** The next `times` requests that match meet the fault. */
  fault(matches: (request: SeenRequest) => boolean, fault: Fault, times = 1): void {
    this.#faults.push({ matches, fault, left: times });
  }

  openWatches(base?: string): number {
    return [...this.#watches].filter((watch) => base === undefined || watch.base === base).length;
  }

  /** Cuts the connections of all watches. What happens from this moment on they do not hear. */
  dropWatches(): void {
    for (const watch of this.#watches) watch.response.destroy();
    this.#watches.clear();
  }

  /** Ends all watches as the API server does when their time is over. */
  endWatches(): void {
    for (const watch of this.#watches) watch.response.end();
    this.#watches.clear();
  }

  /** All present watches stay open and hear nothing more. */
  muteWatches(): void {
    for (const watch of this.#watches) watch.muted = true;
  }

  sendToWatches(event: object): void {
    for (const watch of this.#watches) write(watch, event);
  }

  bookmark(): void {
    this.sendToWatches({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version) } } });
  }

  /** Forgets the history: a watch from any earlier version is refused with 410. */
  compact(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  /** A backup is put back: the objects stay, but versions continue from a lower number. */
  rewind(version: number): void {
    this.#version = version;
    this.#history = [];
    this.#oldest = 0;
    this.dropWatches();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await close(this.#server);
  }

  async #receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    const url = new URL(request.url ?? '/', this.url);
    const { method = 'GET', headers } = request;
    const seen = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.requests.push(seen);
    const planned = this.#faults.find((entry) => entry.left > 0 && entry.matches(seen));
    if (planned === undefined) {
      this.#serve(seen, response);
      return;
    }
    planned.left -= 1;
    misbehave(planned.fault, response);
  }

  #serve(request: SeenRequest, response: http.ServerResponse): void {
    const target = this.#targetOf(request.path);
    const { method, query } = request;
    let reply: Reply | undefined;
    if (target === undefined) reply = [404, failure(404, 'NotFound', 'no such kind')];
    else if (method === 'GET' && query.get('watch') === 'true') reply = this.#watch(target, request, response);
    else reply = method === 'GET' ? this.#read(target, query) : this.#write(target, request);
    if (reply !== undefined) answer(response, ...reply);
  }

  #targetOf(path: string): Target | undefined {
    const parts = path.split('/');
    const at = parts.indexOf('namespaces');
    const namespace = at > 0 ? parts[at + 1] : undefined;
    if (at > 0) parts.splice(at, 2);
    for (let length = parts.length; length > 2; length -= 1) {
      const base = parts.slice(0, length).join('/');
      if (this.#collections.has(base)) return { base, namespace, name: parts[length] };
    }
    return undefined;
  }

  #read({ base, namespace, name }: Target, query: URLSearchParams): Reply {
    if (name !== undefined) {
      const object = this.#objects.get(keyOf(base, namespace, name));
      return object === undefined ? [404, failure(404, 'NotFound', `"${name}" not found`)] : [200, object];
    }
    const all = [...this.#objects]
      .filter(([key, object]) => inScope(key, base, namespace) && isNamed(object, query))
      .map(([, object]) => object);
    const from = Number(query.get('continue') ?? 0);
    const to = from + Number(query.get('limit') ?? all.length);
    const more = to < all.length ? { continue: String(to) } : {};
    // Items of a real list do not say their kind either.
    const items = all.slice(from, to).map((object) => ({ ...object, apiVersion: undefined, kind: undefined }));
    return [200, { kind: 'List', metadata: { resourceVersion: String(this.#version), ...more }, items }];
  }

  #watch({ base, namespace }: Target, request: SeenRequest, response: http.ServerResponse): Reply | undefined {
    const from = Number(request.query.get('resourceVersion'));
    if (from < this.#oldest) return [410, failure(410, 'Expired', `too old resource version: ${from}`)];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch: Watch = { base, namespace, query: request.query, response, muted: false };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    for (const event of this.#history) if (event.version > from) deliver(watch, event);
    return undefined;
  }

  #write({ base, namespace, name }: Target, { method, body }: SeenRequest): Reply {
    const sent = JSON.parse(body === '' ? '{}' : body) as Partial<FakeObject>;
    const wanted = name ?? sent.metadata?.name ?? '';
    const known = this.#objects.get(keyOf(base, namespace, wanted));
    if (method === 'POST') {
      if (known !== undefined) return [409, failure(409, 'AlreadyExists', `"${wanted}" already exists`)];
      return [201, this.put(base, sent as FakeObject)];
    }
    if (known === undefined) return [404, failure(404, 'NotFound', `"${wanted}" not found`)];
    if (method === 'DELETE') return this.#delete(base, known, sent);
    const version = sent.metadata?.['resourceVersion'];
    if (version !== undefined && version !== known.metadata['resourceVersion'])
      return [409, failure(409, 'Conflict', `"${wanted}": the object has been modified`)];
    return [200, this.put(base, method === 'PUT' ? (sent as FakeObject) : (merge(known, sent) as FakeObject))];
  }

  #delete(base: string, { metadata: { namespace, name, uid } }: FakeObject, options: Partial<FakeObject>): Reply {
    const wanted = (options['preconditions'] as { uid?: string } | undefined)?.uid;
    if (wanted !== undefined && wanted !== uid)
      return [409, failure(409, 'Conflict', 'Precondition failed: UID in precondition')];
    this.remove(base, namespace, name);
    return [200, { kind: 'Status', status: 'Success', details: { name, uid } }];
  }

  #tell(event: Event): void {
    this.#history.push(event);
    for (const watch of this.#watches) deliver(watch, event);
  }
}

const keyOf = (base: string, namespace: string | undefined, name: string): string =>
  `${base}|${namespace ?? ''}|${name}`;

/** The one field selector there is for every kind. */
const isNamed = ({ metadata }: FakeObject, query: URLSearchParams): boolean =>
  [null, `metadata.name=${metadata.name}`].includes(query.get('fieldSelector'));

const inScope = (key: string, base: string, namespace: string | undefined): boolean =>
  key.startsWith(namespace === undefined ? `${base}|` : `${base}|${namespace}|`);

const write = (watch: Watch, event: object): void => {
  if (!watch.muted) watch.response.write(`${JSON.stringify(event)}\n`);
};

const deliver = (watch: Watch, { type, base, object }: Event): void => {
  const seen = inScope(keyOf(base, object.metadata.namespace, ''), watch.base, watch.namespace);
  if (seen && isNamed(object, watch.query)) write(watch, { type, object });
};

const merge = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(Object.entries((target ?? {}) as Record<string, unknown>));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
};

const answer = (
  response: http.ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const misbehave = (fault: Fault, response: http.ServerResponse): void => {
  if (fault.kind === 'answer') answer(response, fault.code, fault.body ?? '', fault.headers);
  if (fault.kind !== 'cut') return;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write(fault.after ?? '', () => response.destroy());
};

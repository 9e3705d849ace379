import { chmodSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { failure, FakeApiServer, type Fault } from '../../test/kube/fake-api-server.ts';
import { apiFor, folder, kubeconfigFile } from '../../test/kube/kube-kit.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';
import { manualClock, systemClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import { connectApi, type Api, type ApiReport, type WatchEvent } from './api.ts';

jest.setTimeout(30_000);

const PODS = '/api/v1/pods';
const get = { method: 'GET', path: `/api/v1/namespaces/shop/pods/web`, what: 'get pods shop/web' } as const;
let server: FakeApiServer;
const apis: Api[] = [];

beforeEach(async () => {
  server = (await FakeApiServer.start()).serve(PODS);
  server.put(PODS, { metadata: { name: 'web', namespace: 'shop' } });
});
afterEach(async () => {
  for (const api of apis.splice(0)) api.close();
  await server.stop();
});

const connect = (...args: Parameters<typeof apiFor> extends [string, ...infer Rest] ? Rest : never): Api => {
  const api = apiFor(server.url, ...args);
  apis.push(api);
  return api;
};
const last = (): FakeApiServer['requests'][number] => server.requests.at(-1)!;
const errorOf = async (work: Promise<unknown>): Promise<ClusterError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClusterError)) throw new Error('expected a ClusterError', { cause: error });
  return error;
};

describe('a request', () => {
  test('carries user agent, token and impersonation, and returns the object', async () => {
    const api = connect({
      user: { token: 'secret' },
      impersonate: { user: 'system:serviceaccount:sluice:controller', groups: ['a', 'b'] },
    });
    await expect(api.request(get)).resolves.toMatchObject({ metadata: { name: 'web' } });
    expect(last().headers).toMatchObject({
      'user-agent': 'sluice/1.2.3 (test)',
      authorization: 'Bearer secret',
      'impersonate-user': 'system:serviceaccount:sluice:controller',
      'impersonate-group': 'a, b',
      accept: 'application/json',
    });
  });

  test('that writes is not sent by one who may not write any more, while reads and watches go on', async () => {
    let may = true;
    const api = connect({ mayWrite: () => may });
    const remove = { ...get, method: 'DELETE', what: 'delete pods shop/web' } as const;
    may = false;
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
      expect(await errorOf(api.request({ ...remove, method }))).toMatchObject({ reason: 'conflict', passing: true });
    expect(server.requests).toEqual([]);
    await expect(api.request(get)).resolves.toMatchObject({ metadata: { name: 'web' } });
    may = true;
    await api.request(remove);
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
  });

  test('sends query and body, and leaves undefined parameters out', async () => {
    const query = { fieldManager: 'sluice', labelSelector: undefined };
    const body = { metadata: { labels: { a: 'é' } } };
    await connect().request({ ...get, method: 'PATCH', contentType: 'application/merge-patch+json', query, body });
    expect(last().query.toString()).toBe('fieldManager=sluice');
    expect(last().headers['content-type']).toBe('application/merge-patch+json');
    expect(JSON.parse(last().body)).toEqual(body);
  });

  test('uses one connection for requests that follow each other', async () => {
    const ports = new Set<number | undefined>();
    const counting = http.createServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    });
    await new Promise<void>((resolve) => counting.listen(0, '127.0.0.1', resolve));
    const api = apiFor(`http://127.0.0.1:${(counting.address() as AddressInfo).port}`);
    apis.push(api);
    for (let i = 0; i < 5; i += 1) await api.request(get);
    expect(ports.size).toBe(1);
    api.close();
    counting.closeAllConnections();
    await new Promise((resolve) => counting.close(resolve));
  });

  test('tells what time it is at the API server', async () => {
    const dates: (string | undefined)[] = [];
    const api = connect({ heard: (date) => dates.push(date) });
    await api.request(get);
    expect(Date.now() - Date.parse(dates[0] ?? '')).toBeLessThan(5000);
    expect(dates).toHaveLength(1);
  });

  test('is reported once, with its code', async () => {
    const reports: ApiReport[] = [];
    const api = connect({ report: (report) => reports.push(report) });
    await api.request(get);
    await errorOf(api.request({ ...get, path: '/api/v1/nothing' }));
    expect(reports.map(({ verb, code }) => [verb, code])).toEqual([
      ['GET', 200],
      ['GET', 404],
    ]);
  });
});

describe('an answer that is no success becomes a ClusterError', () => {
  const answer = (code: number, body: unknown, headers: Record<string, string> = {}): Fault => ({
    kind: 'answer',
    code,
    body,
    headers,
  });
  test.each([
    [
      '404',
      answer(404, failure(404, 'NotFound', 'pods "web" not found')),
      { reason: 'not-found', message: 'pods "web" not found', passing: false },
    ],
    [
      '409 already there',
      answer(409, failure(409, 'AlreadyExists', 'there')),
      { reason: 'already-exists', message: 'there', passing: false },
    ],
    [
      '409 conflict',
      answer(409, failure(409, 'Conflict', 'modified')),
      { reason: 'conflict', message: 'modified', passing: true },
    ],
    [
      '422',
      answer(422, failure(422, 'Invalid', 'spec.x: no')),
      { reason: 'invalid', message: 'spec.x: no', passing: false },
    ],
    [
      '403',
      answer(403, failure(403, 'Forbidden', 'may not')),
      { reason: 'forbidden', message: 'may not', passing: false },
    ],
    ['410', answer(410, failure(410, 'Expired', 'too old')), { reason: 'gone', message: 'too old', passing: true }],
    [
      '500 with a Status',
      answer(500, failure(500, 'InternalError', 'etcd')),
      { reason: 'server', message: 'etcd', passing: true },
    ],
    [
      '502 of a proxy',
      answer(502, '<html>Bad gateway</html>'),
      { reason: 'server', message: 'answered 502: <html>Bad gateway', passing: true },
    ],
    ['503 without a body', answer(503, ''), { reason: 'server', message: 'answered 503', passing: true }],
    [
      '200 that is not JSON',
      answer(200, '<html>login</html>'),
      { reason: 'server', message: 'not JSON: <html>login', passing: true },
    ],
    ['200 that is no object', answer(200, '[1]'), { reason: 'server', message: 'not an object', passing: true }],
  ])('%s', async (_name, fault, { reason, message, passing }) => {
    server.fault(() => true, fault);
    const error = await errorOf(connect().request(get));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(`get pods shop/web: `);
    expect(error.message).toContain(message);
    expect(error.passing).toBe(passing);
  });

  test.each([
    ['seconds', { 'retry-after': '7' }, 7000],
    ['a date', { 'retry-after': new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString() }, 30_000],
  ])('429 with Retry-After as %s', async (_name, headers, wait) => {
    server.fault(() => true, answer(429, failure(429, 'TooManyRequests', 'slow down'), headers));
    const error = await errorOf(connect({ clock: manualClock(Date.UTC(2026, 0, 1)) }).request(get));
    expect([error.reason, error.retryAfter]).toEqual(['throttled', wait]);
  });

  test('a wait in the details of the Status counts too', async () => {
    server.fault(() => true, answer(504, failure(504, 'Timeout', 'later', { retryAfterSeconds: 2 })));
    expect((await errorOf(connect().request(get))).retryAfter).toBe(2000);
  });
});

describe('a network that fails', () => {
  test('no answer within the deadline', async () => {
    server.fault(() => true, { kind: 'hang' });
    const error = await errorOf(connect({ deadline: 50 }).request(get));
    expect(error.reason).toBe('unreachable');
    expect(error.message).toBe('get pods shop/web: no answer within 0.05 s');
  });

  test('a connection that is cut in the middle of the answer', async () => {
    server.fault(() => true, { kind: 'cut', after: '{"metadata":' });
    expect((await errorOf(connect().request(get))).reason).toBe('unreachable');
  });

  test('nobody listens', async () => {
    const { url } = server;
    await server.stop();
    const api = apiFor(url);
    const error = await errorOf(api.request(get));
    expect(error.reason).toBe('unreachable');
    expect(error.message).toContain('ECONNREFUSED');
    server = await FakeApiServer.start();
  });
});

describe('a watch', () => {
  const watch = { path: PODS, what: 'watch pods', query: { watch: 'true', resourceVersion: '0' } };

  test('hands over events in order, however they are cut up, and resolves at the end', async () => {
    const events: WatchEvent[] = [];
    const done = connect().watch(watch, (event) => events.push(event), new AbortController().signal);
    await waitUntil('the watch', () => server.openWatches() === 1);
    const long = 'é'.repeat(300_000);
    server.put(PODS, { metadata: { name: 'long', namespace: 'shop', long } });
    server.put(PODS, { metadata: { name: 'short', namespace: 'shop' } });
    await waitUntil('three events', () => events.length === 3);
    server.endWatches();
    await done;
    expect(events.map(({ type, object }) => [type, (object['metadata'] as { name: string }).name])).toEqual([
      ['ADDED', 'web'],
      ['ADDED', 'long'],
      ['ADDED', 'short'],
    ]);
    expect((events[1]?.object['metadata'] as { long: string }).long).toBe(long);
  });

  test('resolves when it is aborted, also before it is open', async () => {
    const open = new AbortController();
    const first = connect().watch(watch, () => undefined, open.signal);
    await waitUntil('the watch', () => server.openWatches() === 1);
    open.abort();
    await first;
    await connect().watch(watch, () => undefined, open.signal);
    await waitUntil('the watch to be closed', () => server.openWatches() === 0);
  });

  test('rejects when the connection is cut, with ERROR events, and when it is refused', async () => {
    const cut = connect().watch(watch, () => undefined, new AbortController().signal);
    await waitUntil('the watch', () => server.openWatches() === 1);
    server.dropWatches();
    expect((await errorOf(cut)).reason).toBe('unreachable');
    await waitUntil('the server to notice', () => server.openWatches() === 0);

    const failing = connect().watch(watch, () => undefined, new AbortController().signal);
    await waitUntil('the watch', () => server.openWatches() === 1);
    server.sendToWatches({ type: 'ERROR', object: failure(410, 'Expired', 'too old') });
    expect((await errorOf(failing)).reason).toBe('gone');

    server.fault(() => true, { kind: 'answer', code: 403, body: failure(403, 'Forbidden', 'may not watch') });
    const refused = await errorOf(connect().watch(watch, () => undefined, new AbortController().signal));
    expect([refused.reason, refused.message]).toEqual(['forbidden', 'watch pods: may not watch']);
  });

  test('outlives the deadline of requests once it is open, and not before', async () => {
    const clock = manualClock();
    const ended: string[] = [];
    const api = connect({ clock, deadline: 1000 });
    const stop = new AbortController();
    void api.watch(watch, () => undefined, stop.signal).then(() => ended.push('ended'));
    await waitUntil('the watch to be open', () => server.openWatches() === 1 && clock.waiting().length === 0);
    await clock.advanceAsync(60_000);
    expect(ended).toEqual([]);
    server.fault(() => true, { kind: 'hang' });
    const asked = server.requests.length;
    const hanging = errorOf(api.watch(watch, () => undefined, new AbortController().signal));
    await waitUntil('the second watch to be asked for', () => server.requests.length > asked);
    clock.advance(1000);
    expect((await hanging).message).toBe('watch pods: no answer within 1 s');
    stop.abort();
    await waitUntil('the first watch to end', () => ended.length === 1);
  });
});

describe('credentials that change', () => {
  test('a token file is read again after a minute', async () => {
    const tokenFile = join(folder(), 'token');
    writeFileSync(tokenFile, 'first\n');
    const clock = manualClock();
    const api = connect({ user: { tokenFile }, clock });
    await api.request(get);
    writeFileSync(tokenFile, 'second');
    clock.advance(59_000);
    await api.request(get);
    clock.advance(1000);
    await api.request(get);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
  });

  test('a refused token is read again at once', async () => {
    const tokenFile = join(folder(), 'token');
    writeFileSync(tokenFile, 'expired');
    const api = connect({ user: { tokenFile }, clock: manualClock() });
    server.fault(() => true, { kind: 'answer', code: 401, body: failure(401, 'Unauthorized', 'Unauthorized') });
    expect((await errorOf(api.request(get))).reason).toBe('forbidden');
    writeFileSync(tokenFile, 'fresh');
    await api.request(get);
    expect(last().headers.authorization).toBe('Bearer fresh');
  });

  test('an exec plugin is asked once for requests at the same time, told about the cluster, and asked again when refused', async () => {
    const place = folder();
    const plugin = join(place, 'plugin');
    const runs = join(place, 'runs');
    writeFileSync(
      plugin,
      `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> ${runs}\n` +
        `n=$(wc -l < ${runs})\nprintf '{"kind":"ExecCredential","status":{"token":"token-%d"}}' "$n"\n`,
    );
    chmodSync(plugin, 0o755);
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, args: [] } };
    const api = connect({ user });
    await Promise.all([api.request(get), api.request(get)]);
    server.fault(() => true, { kind: 'answer', code: 401, body: failure(401, 'Unauthorized', 'Unauthorized') });
    await errorOf(api.request(get));
    await api.request(get);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });

  test('an auth provider that is left to the client library', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000 })}.signature`;
    const api = connect({ user: { 'auth-provider': { name: 'oidc', config: { 'id-token': token } } } });
    await api.request(get);
    expect(last().headers.authorization).toBe(`Bearer ${token}`);
  });

  test('an exec plugin that never answers does not outlast the deadline', async () => {
    const plugin = join(folder(), 'plugin');
    writeFileSync(plugin, '#!/bin/sh\nexec sleep 0.5\n');
    chmodSync(plugin, 0o755);
    const api = connect({ user: { exec: { apiVersion: 'v1', command: plugin } }, deadline: 50 });
    expect((await errorOf(api.request(get))).message).toContain('no answer within 0.05 s');
  });
});

describe('where the cluster is', () => {
  test('a server with a path keeps it', async () => {
    server.serve('/clusters/one/api/v1/pods');
    const api = connectApi({
      clock: systemClock,
      env: {},
      kubeconfig: kubeconfigFile({ server: `${server.url}/clusters/one/` }),
      component: 'test',
      version: '0',
    });
    apis.push(api);
    await api.request({ ...get, path: '/api/v1/pods' });
    expect(last().path).toBe('/clusters/one/api/v1/pods');
  });

  test('behind a proxy that the kubeconfig names', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = http.createServer((request, response) => {
      asked.push(request.url);
      response.end('{"kind":"Pod"}');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const cluster = { 'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const kubeconfig = kubeconfigFile({ server: 'http://api.invalid', cluster });
    const api = connectApi({ clock: systemClock, env: {}, kubeconfig, component: 'test', version: '0' });
    await expect(api.request(get)).resolves.toEqual({ kind: 'Pod' });
    expect(asked).toEqual([`http://api.invalid${get.path}`]);
    api.close();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { issueServing, makeAuthority } from '../certs/authority.ts';
import { newPrivateKey } from '../certs/key-pair.ts';
import { OutboundError, type OutboundRequest } from '../ports/outbound.ts';
import { guardedFetch, type Resolve } from './guarded-fetch.ts';

let server: Server;
let port: number;
let connections = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response)).on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  connections = 0;
  answer = (_request, response) => response.end('hello');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const get = (over: Partial<OutboundRequest> = {}): OutboundRequest => ({
  ...{ method: 'GET', headers: {}, redirect: 'manual', signal: AbortSignal.timeout(10_000) },
  ...over,
});
const local = guardedFetch({ loopback: true });
const at = (path = ''): string => `http://127.0.0.1:${port}${path}`;

/** Every name means these addresses. */
const meaning = (...addresses: readonly string[]): Resolve => {
  const all: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, _options, done) => done(null, all);
};

const refusalOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return (error as OutboundError).message;
};

describe('a request', () => {
  it('carries its method, headers and form', async () => {
    let seen: unknown;
    answer = (request, response) => {
      const { method, url, headers } = request;
      void text(request).then((body) => {
        seen = {
          method,
          url,
          body,
          type: headers['content-type'],
          own: headers['x-own'],
          length: headers['content-length'],
        };
        response.end();
      });
    };
    const body = new URLSearchParams({ query: 'sum(ü)' });
    await local(at('/api?x=1'), get({ method: 'POST', body, headers: { 'x-own': 'a' } }));
    expect(seen).toEqual({
      ...{ method: 'POST', url: '/api?x=1', body: 'query=sum%28%C3%BC%29', own: 'a', length: '21' },
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
    });
  });

  it('is answered with status, headers and body', async () => {
    answer = (_request, response) => response.writeHead(418, { 'x-a': ['1', '2'] }).end('tea');
    const response = await local(at(), get());
    expect([response.status, response.ok, response.headers.get('x-a')]).toEqual([418, false, '1, 2']);
    expect(await response.text()).toBe('tea');
  });

  it('is not sent on by a redirect', async () => {
    let asked = 0;
    answer = (_request, response) => {
      asked += 1;
      response.writeHead(302, { location: at('/elsewhere') }).end();
    };
    const response = await local(at(), get());
    expect([response.status, response.headers.get('location'), asked]).toEqual([302, at('/elsewhere'), 1]);
  });

  it('takes an answer without a body', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    const response = await local(at(), get());
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('is withdrawn by its signal, before and in the middle of the answer', async () => {
    answer = () => undefined;
    await expect(local(at(), get({ signal: AbortSignal.timeout(30) }))).rejects.toThrow();
    answer = (_request, response) => void response.write('half');
    const stop = new AbortController();
    const response = await local(at(), get({ signal: stop.signal }));
    const rest = response.text();
    stop.abort();
    await expect(rest).rejects.toThrow();
  });

  it('ends the connection when the rest of an answer is not wanted', async () => {
    const closed = Promise.withResolvers<boolean>();
    answer = (_request, response) => {
      response.on('close', () => closed.resolve(response.writableFinished));
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', write);
      };
      write();
    };
    const response = await local(at(), get());
    await response.body?.cancel();
    expect(await closed.promise).toBe(false);
  });

  it('over TLS goes to nobody whose certificate is not trusted', async () => {
    const keys = await Promise.all([newPrivateKey(), newPrivateKey()]);
    const authority = makeAuthority({ key: keys[0], now: Date.now(), days: 1 });
    const names = { dnsNames: ['localhost'], ips: ['127.0.0.1'] };
    const serving = issueServing({ ...names, authority, key: keys[1], now: Date.now(), days: 1 });
    let asked = 0;
    const secure = createSecureServer(serving, (_request, response) => response.end(String((asked += 1))));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port: securePort } = secure.address() as AddressInfo;
    await expect(local(`https://127.0.0.1:${securePort}`, get())).rejects.toMatchObject({
      code: expect.stringMatching(/VERIFY|SELF_SIGNED|ISSUER/),
    });
    expect(asked).toBe(0);
    secure.close();
  });

  it('uses a connection again', async () => {
    await (await local(at(), get())).text();
    await (await local(at(), get())).text();
    expect(connections).toBeLessThanOrEqual(1);
  });

  it('to where nobody listens fails as a connection does', async () => {
    await expect(local('http://127.0.0.1:1', get())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('an address that is off limits', () => {
  it.each([
    ['by itself', 'http://127.0.0.1:PORT', 'it is a loopback address'],
    ['by a number', 'http://2130706433:PORT', 'it is a loopback address'],
    ['in octal', 'http://0177.0.0.1:PORT', 'it is a loopback address'],
    ['mapped into IPv6', 'http://[::ffff:127.0.0.1]:PORT', 'it is a loopback address'],
    ['that means this host', 'http://0.0.0.0:PORT', 'it is an unspecified address'],
    ['of a cloud', 'http://169.254.169.254', 'it is a link-local address'],
  ])('%s is not connected to', async (_case, address, expected) => {
    expect(await refusalOf(guardedFetch({ loopback: false })(address.replace('PORT', String(port)), get()))).toBe(
      expected,
    );
    expect(connections).toBe(0);
  });

  it('by the name of this machine is not connected to', async () => {
    const refused = guardedFetch({ loopback: false })(`http://localhost:${port}`, get());
    expect(await refusalOf(refused)).toBe('its name leads to a loopback address');
    expect(connections).toBe(0);
  });

  it.each([
    ['alone', ['127.0.0.1'], 'its name leads to a loopback address'],
    ['among others', ['10.0.0.1', '169.254.169.254'], 'its name leads to a link-local address'],
    ['as a mapped one', ['::ffff:127.0.0.1'], 'its name leads to a loopback address'],
    ['as one that nobody can read', ['?'], 'its name leads to no IP address'],
  ])('is not connected to where a name leads to it: %s', async (_case, addresses, expected) => {
    const fetch = guardedFetch({ loopback: false }, { resolve: meaning(...addresses) });
    expect(await refusalOf(fetch(`http://prometheus.example:${port}`, get()))).toBe(expected);
    expect(await refusalOf(fetch(`https://prometheus.example:${port}`, get()))).toBe(expected);
    expect(connections).toBe(0);
  });

  it('stays so where only loopback is allowed', async () => {
    const fetch = guardedFetch({ loopback: true }, { resolve: meaning('169.254.169.254') });
    expect(await refusalOf(fetch('http://localhost', get()))).toBe('its name leads to a link-local address');
  });

  it('is looked at again for every connection', async () => {
    const answers = ['127.0.0.1', '169.254.169.254'];
    const resolve: Resolve = (_host, _options, done) => done(null, [{ address: answers.shift() ?? '', family: 4 }]);
    const fetch = guardedFetch({ loopback: true }, { resolve });
    answer = (_request, response) => response.writeHead(200, { connection: 'close' }).end('first');
    expect(await (await fetch(`http://rebinding.example:${port}`, get())).text()).toBe('first');
    expect(await refusalOf(fetch(`http://rebinding.example:${port}`, get()))).toBe(
      'its name leads to a link-local address',
    );
  });
});

describe('a name', () => {
  it('that is listed as this machine’s is connected to', async () => {
    expect(await (await local(`http://localhost:${port}`, get())).text()).toBe('hello');
  });

  it('that cannot be resolved fails as the resolver does', async () => {
    const missing: Resolve = (_host, _options, done) =>
      done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
    const fetch = guardedFetch({ loopback: false }, { resolve: missing });
    await expect(fetch('http://nowhere.example', get())).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Agent } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { askOverTls, clientCertificate } from '../../test/support/tls.ts';
import { issueServing, makeAuthority, type Credential } from '../certs/authority.ts';
import { newPrivateKey } from '../certs/key-pair.ts';
import { manualClock, systemClock } from '../ports/clock.ts';
import { startWebhookServer, type WebhookServer, type WebhookServerOptions } from './webhook-server.ts';

const noMatter = (): void => undefined;
const host = 'sluice-webhook.sluice-system.svc';
let first: Credential & { ca: string };
let second: Credential & { ca: string };
const servers: WebhookServer[] = [];
const agents: Agent[] = [];
const raws: TLSSocket[] = [];

const credential = async (): Promise<Credential & { ca: string }> => {
  const [caKey, key] = await Promise.all([newPrivateKey(), newPrivateKey()]);
  const now = Date.now();
  const authority = makeAuthority({ key: caKey, now, days: 30 });
  return {
    ...issueServing({ dnsNames: [host], ips: ['127.0.0.1'], key, now, days: 30, authority }),
    ca: authority.cert,
  };
};
const hello: RequestListener = (_request, response) => void response.end('hello');
const start = async (more: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> => {
  const limits = { lameDuck: 0, grace: 60_000, ...more.limits };
  const server = await startWebhookServer({
    app: hello,
    certificate: first,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    ...more,
    limits,
  });
  servers.push(server);
  return server;
};
const keepAlive = (): Agent => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
};
const rawConnection = async (port: number): Promise<TLSSocket> => {
  const socket = connect({ port, host: '127.0.0.1', ca: first.ca, servername: host });
  raws.push(socket);
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
};

beforeAll(async () => {
  [first, second] = await Promise.all([credential(), credential()]);
}, 60_000);
afterEach(async () => {
  agents.splice(0).forEach((agent) => agent.destroy());
  raws.splice(0).forEach((socket) => socket.destroy());
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('the server', () => {
  it('answers over TLS', async () => {
    const { port } = await start();
    expect(await askOverTls({ port, ca: first.ca, host })).toMatchObject({ status: 200, text: 'hello' });
  });

  it('does not start with a certificate and the key of another', async () => {
    await expect(start({ certificate: { cert: first.cert, key: second.key } })).rejects.toThrow(/key values mismatch/);
  });

  it('says when the port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('speaks no TLS older than 1.2', async () => {
    const { port } = await start();
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca: first.ca,
      servername: host,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/SSL|TLS|RESET/);
  });
});

describe('a new certificate', () => {
  it('is shown to new connections, while open ones go on', async () => {
    const server = await start();
    const { port } = server;
    const agent = keepAlive();
    await askOverTls({ port, ca: first.ca, host, agent });
    server.use(second);
    expect(await askOverTls({ port, ca: first.ca, host, agent })).toMatchObject({ status: 200 });
    expect(await askOverTls({ port, ca: second.ca, host })).toMatchObject({ status: 200 });
    await expect(askOverTls({ port, ca: first.ca, host })).rejects.toThrow(/certificate/);
  });

  it('that does not fit its key is not taken, and the old one stays', async () => {
    const server = await start();
    expect(() => server.use({ cert: first.cert, key: second.key })).toThrow(/key values mismatch/);
    expect(await askOverTls({ port: server.port, ca: first.ca, host })).toMatchObject({ status: 200 });
  });

  it('loses no request when it changes all the time under load', async () => {
    const server = await start();
    const ca = first.ca + second.ca;
    let going = true;
    const ask = async (): Promise<number> => {
      let answered = 0;
      while (going) answered += (await askOverTls({ port: server.port, ca, host })).status === 200 ? 1 : 0;
      return answered;
    };
    const callers = [ask(), ask(), ask()];
    for (let i = 0; i < 20; i += 1) {
      server.use(i % 2 === 0 ? second : first);
      expect(await askOverTls({ port: server.port, ca, host })).toMatchObject({ status: 200 });
    }
    going = false;
    for (const answered of await Promise.all(callers)) expect(answered).toBeGreaterThan(0);
  });
});

describe('where callers have to show a certificate', () => {
  let ours: Credential;
  let theirs: Credential;
  let key: string;
  const check = (names: readonly string[] = []): Partial<WebhookServerOptions> => ({
    clients: { ca: ours.cert, names },
  });
  const ask = (port: number, client?: Credential): ReturnType<typeof askOverTls> =>
    askOverTls({ port, ca: first.ca + second.ca, host, ...(client === undefined ? {} : { client }) });

  beforeAll(async () => {
    const keys = await Promise.all([newPrivateKey(), newPrivateKey(), newPrivateKey()]);
    key = keys[2];
    const now = Date.now();
    ours = makeAuthority({ key: keys[0], now, days: 1 });
    theirs = makeAuthority({ key: keys[1], now, days: 1 });
  }, 60_000);

  it('one of the authority is answered', async () => {
    const { port } = await start(check());
    expect(await ask(port, clientCertificate(ours, key, 'kube-apiserver'))).toMatchObject({ status: 200 });
  });

  it.each<[string, () => Credential | undefined]>([
    ['none', () => undefined],
    ['one of another authority', () => clientCertificate(theirs, key, 'kube-apiserver')],
    [
      'one made for a server',
      () => issueServing({ dnsNames: ['kube-apiserver'], ips: [], key, now: Date.now(), days: 1, authority: ours }),
    ],
    ['one signed by itself', () => makeAuthority({ key, now: Date.now(), days: 1 })],
  ])('%s gets no handshake, and nobody is told of a request', async (_what, client) => {
    let asked = 0;
    const app: RequestListener = (_request, response) => void response.end(String((asked += 1)));
    const { port } = await start({ app, ...check() });
    await expect(ask(port, client())).rejects.toMatchObject({ code: expect.stringMatching(/SSL|TLS|RESET|EPIPE/) });
    expect(asked).toBe(0);
  });

  it('one of another name is refused where names are given', async () => {
    const { port } = await start(check(['kube-apiserver', 'another']));
    expect(await ask(port, clientCertificate(ours, key, 'kube-apiserver'))).toMatchObject({ status: 200 });
    expect(await ask(port, clientCertificate(ours, key, 'nobody'))).toMatchObject({ status: 403, keptAlive: false });
  });

  it('a new certificate of ours changes nothing of that, and new authorities do', async () => {
    const server = await start(check());
    const [known, unknown] = [clientCertificate(ours, key, 'a'), clientCertificate(theirs, key, 'a')];
    server.use(second);
    await expect(ask(server.port)).rejects.toThrow();
    expect(await ask(server.port, known)).toMatchObject({ status: 200 });
    server.admit(theirs.cert);
    expect(await ask(server.port, unknown)).toMatchObject({ status: 200 });
    await expect(ask(server.port, known)).rejects.toThrow();
    await expect(askOverTls({ port: server.port, ca: first.ca, host, client: unknown })).rejects.toThrow(/certificate/);
  });
});

const textUntilClosed = async (socket: TLSSocket): Promise<string> => {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
};

describe('a peer that dawdles is cut off', () => {
  it('in the middle of the headers', async () => {
    const { port } = await start({ limits: { headers: 100, request: 10_000 } });
    const socket = await rawConnection(port);
    socket.write('POST /mutate HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('in the middle of the body', async () => {
    const app: RequestListener = (request, response) => {
      request.resume().on('end', () => response.end());
    };
    const { port } = await start({ app, limits: { headers: 100, request: 200 } });
    const socket = await rawConnection(port);
    socket.write('POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('when it asks and never reads the answer', async () => {
    const cutOff = new Promise<boolean>((resolve) => {
      const app: RequestListener = (_request, response) => {
        response.on('close', () => resolve(!response.writableFinished));
        // More than the buffers of both sides take.
        response.end(Buffer.alloc(64 * 1024 * 1024));
      };
      void start({ limits: { headers: 100, request: 200 }, app })
        .then(({ port }) => rawConnection(port))
        .then((socket) => socket.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    });
    expect(await cutOff).toBe(true);
  });

  it('at its second request, too', async () => {
    const { port } = await start({ limits: { headers: 100, request: 200 } });
    const socket = await rawConnection(port);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.write('GET / HTTP/1.1\r\nHost: ');
    socket.resume();
    await once(socket, 'close');
  });

  it('before it has said anything, once no API server would still use the connection', async () => {
    const { port } = await start({ limits: { idle: 100 } });
    const socket = await rawConnection(port);
    socket.resume();
    await once(socket, 'close');
  });

  it('but not who has opened a connection for later', async () => {
    const app: RequestListener = (request, response) => {
      request.resume().on('end', () => response.end('hello'));
    };
    const { port } = await start({ app, limits: { headers: 100, request: 300 } });
    const spare = await rawConnection(port);
    const dawdler = await rawConnection(port);
    dawdler.write('POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    dawdler.resume();
    await once(dawdler, 'close');
    spare.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(spare, 'data')) as [Buffer];
    expect(answer.toString()).toContain('200 OK');
  });

  it('nor whose answer takes long', async () => {
    const { port } = await start({
      app: (_request, response) => void setTimeout(() => response.end('hello'), 400),
      limits: { headers: 100, request: 100 },
    });
    expect(await askOverTls({ port, ca: first.ca, host })).toMatchObject({ status: 200 });
  });
});

describe('many connections', () => {
  it('make room for new ones, the quietest first', async () => {
    const { port } = await start({ limits: { connections: 3 } });
    const agent = keepAlive();
    await askOverTls({ port, ca: first.ca, host, agent });
    const silent = await rawConnection(port);
    const answered = await rawConnection(port);
    answered.resume().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(answered, 'data');
    expect(await askOverTls({ port, ca: first.ca, host, agent })).toMatchObject({ keptAlive: true });
    // A fourth: of those that are open, the one that has never asked goes.
    const gone = once(silent.resume(), 'close');
    expect(await askOverTls({ port, ca: first.ca, host })).toMatchObject({ status: 200 });
    await gone;
    expect([answered.closed, await askOverTls({ port, ca: first.ca, host, agent })]).toMatchObject([
      false,
      { status: 200 },
    ]);
  });

  it('never keep new ones out', async () => {
    const { port } = await start({ limits: { connections: 2 } });
    for (let i = 0; i < 20; i += 1) {
      await rawConnection(port);
      expect(await askOverTls({ port, ca: first.ca, host })).toMatchObject({ status: 200 });
    }
  });
});

describe('closing', () => {
  it('takes questions for a while, on connections it asks to end, and then no more', async () => {
    const clock = manualClock();
    const server = await start({ clock, limits: { lameDuck: 5_000, grace: 1_000 } });
    const { port } = server;
    const agent = keepAlive();
    expect(await askOverTls({ port, ca: first.ca, host, agent })).toMatchObject({ keptAlive: true });
    expect(server.draining()).toBe(false);
    const closed = server.close();
    expect(server.draining()).toBe(true);
    expect(await askOverTls({ port, ca: first.ca, host, agent })).toMatchObject({ status: 200, keptAlive: false });
    await clock.advanceAsync(5_000);
    await closed;
    await expect(askOverTls({ port, ca: first.ca, host })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('waits for the answer that is under way', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let release = (): void => undefined;
    const app: RequestListener = (_request, response) => {
      release = () => response.end('late');
      answer();
    };
    const clock = manualClock();
    const server = await start({ app, clock, limits: { lameDuck: 0, grace: 1_000 } });
    const pending = askOverTls({ port: server.port, ca: first.ca, host });
    await asked;
    let isClosed = false;
    const closed = server.close().then(() => (isClosed = true));
    await clock.advanceAsync(999);
    expect(isClosed).toBe(false);
    release();
    expect(await pending).toMatchObject({ text: 'late' });
    await closed;
  });

  it('but not for ever', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const clock = manualClock();
    const server = await start({ app: () => answer(), clock, limits: { lameDuck: 0, grace: 1_000 } });
    const pending = askOverTls({ port: server.port, ca: first.ca, host }).catch((error: unknown) => error);
    await asked;
    const closed = server.close();
    await clock.advanceAsync(0);
    await clock.advanceAsync(1_000);
    await closed;
    expect(await pending).toMatchObject({ code: 'ECONNRESET' });
  });

  it.each([
    ['never begins', () => undefined],
    [
      'ends after that, on a busy machine',
      (socket: Socket) => void raws.push(connect({ socket, ca: first.ca, servername: host }).on('error', noMatter)),
    ],
  ])('nor for a connection whose handshake %s', async (_, later) => {
    const clock = manualClock();
    const server = await start({ clock, limits: { lameDuck: 0, grace: 1_000 } });
    const socket = connectTcp(server.port, '127.0.0.1').on('error', noMatter);
    await once(socket, 'connect');
    // Taken in order: an answer to a later one tells that this one is open on the other side, too.
    await askOverTls({ port: server.port, ca: first.ca, host });
    const closed = server.close();
    await clock.advanceAsync(1_000);
    later(socket);
    await closed;
    socket.destroy();
  });
});

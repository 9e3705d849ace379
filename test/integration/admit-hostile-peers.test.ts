/** The webhook in a process of its own, while peers do to it whatever bytes and connections can do. */
import { request as httpsRequest, Agent } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alice, optIn } from '../support/admission-input.ts';
import { asObject } from '../support/an-admission-request.ts';
import { startWebhookProcess, type WebhookProcess } from '../support/webhook-process.ts';
import type { Usage } from '../support/webhook-child.ts';
import type { Json } from '../../src/values/kube-object.ts';
import { inTime } from '../cluster/in-time.ts';
import { pause } from '../cluster/pause.ts';

/** What an API server gives a webhook. */
const deadline = 5_000;
const limits = { handshake: 2_000, headers: 2_000, request: 5_000, connections: 1_000 };
/** Between the questions of everybody else. */
const pace = 20;
const secret = 'hunter2-in-an-environment-variable';

const template = (image: string, env: Json = [{ name: 'TOKEN', value: secret }]): Json => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image, env }] },
});
const review = (before: Json, now: Json): string => {
  const object = (own: Json): unknown => {
    const { spec, ...rest } = asObject({ annotations: optIn });
    return { ...rest, spec: { ...spec, template: own } };
  };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'question-1',
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      operation: 'UPDATE',
      name: 'web',
      namespace: 'shop',
      userInfo: { username: alice },
      object: object(now),
      oldObject: object(before),
    },
  });
};
const whole = review(template('web:1'), template('web:2'));

let server: WebhookProcess;
const agents: Agent[] = [];
const sockets: Socket[] = [];

type Asked = { readonly status: number; readonly text: string; readonly ms: number };

const ask = (agent: Agent, body: string | Buffer, headers: Record<string, string> = {}): Promise<Asked> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const outgoing = httpsRequest(
      {
        agent,
        port: server.port,
        host: '127.0.0.1',
        ca: server.ca,
        path: '/mutate',
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, ms: performance.now() - start }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
const someAgent = (): Agent => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  agents.push(agent);
  return agent;
};

const overTls = async (): Promise<TLSSocket> => {
  const socket = connect({ port: server.port, host: '127.0.0.1', ca: server.ca });
  sockets.push(socket);
  // What the server does to the connection is looked at where it matters.
  socket.on('error', () => undefined);
  await either(socket, 'secureConnect');
  return socket;
};
/** The event, or the end of the connection. */
const either = (socket: Socket, event: string): Promise<void> =>
  inTime(
    event,
    new Promise((resolve) => {
      socket.once(event, resolve);
      socket.once('close', resolve);
    }),
  );
const overTcp = async (): Promise<Socket> => {
  const socket = connectTcp(server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await either(socket, 'connect');
  return socket;
};
/** Everything that comes back until the connection is closed. */
const until = (socket: Socket): Promise<string> =>
  inTime(
    'the connection to be closed',
    new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('close', () => resolve(text));
      if (socket.closed) resolve('');
    }),
    { withinMs: 120_000 },
  );
const statuses = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

const post = (headers: string): string =>
  `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n`;
const length = Buffer.byteLength(whole);
const right = `${post(`Content-Length: ${length}\r\n`)}${whole}`;
const last = `${post(`Content-Length: ${length}\r\nConnection: close\r\n`)}${whole}`;

/** Bytes on a TLS connection, and the statuses that answer them before it is closed. */
const talks: readonly (readonly [string, string, readonly number[]])[] = [
  ['a right question', last, [200]],
  ['no HTTP', '\u0016\u0003\u0001garbage\r\n\r\n', [400]],
  ['a verb nobody knows', 'BREW /mutate HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
  ['a request line without end', `GET /${'x'.repeat(40_000)}`, [431]],
  ['headers without end', `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}`, [431]],
  ['headers without number', `GET /healthz HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(10_000)}`, [431]],
  ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', [200]],
  ['HTTP/2 from the start', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', [400]],
  ['a length below nothing', post('Content-Length: -1\r\n'), [400]],
  ['a length that is no number', post('Content-Length: 1e3\r\n'), [400]],
  ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n'), [400]],
  ['a length and chunks', `${post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n`, [400]],
  ['a chunk that is no number', `${post('Transfer-Encoding: chunked\r\n')}zz\r\n`, [400]],
  ['another encoding', `${post('Transfer-Encoding: gzip\r\n')}xx`, [400]],
  ['a null in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', [400]],
  ['a body longer than it says', `${post(`Content-Length: ${length}\r\n`)}${whole}${whole}`, [400]],
  ['twenty questions at once', right.repeat(19) + last, Array.from({ length: 20 }, () => 200)],
  ['an upgrade', 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n', [200]],
  ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', []],
  ['slow headers', 'POST /mutate HTTP/1.1\r\nHost: x\r\nX-Slow: ', [408]],
  ['a slow body', `${post('Content-Length: 100\r\n')}{"a":`, [408]],
];

/** Connections whose peers do not even keep to TLS, or say nothing at all. Not all get as far as being taken in. */
const mute = async (): Promise<void> => {
  const opened: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i += 1) {
    opened.push(overTcp().then((socket) => socket.write(Buffer.alloc(300, i))));
    opened.push(overTcp().then((socket) => socket.write(Buffer.from('160301020001', 'hex'))));
    opened.push(overTcp().then((socket) => socket.end()));
  }
  for (let i = 0; i < 3_000; i += 1) opened.push(overTcp());
  for (let i = 0; i < 100; i += 1) opened.push(overTls());
  await Promise.all(opened);
};

/** Work for nothing to whoever is asked: refused, and the connection goes. */
const renegotiate = async (): Promise<boolean> => {
  const socket = connect({ port: server.port, host: '127.0.0.1', ca: server.ca, maxVersion: 'TLSv1.2' });
  sockets.push(socket);
  socket.on('error', () => undefined);
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  await either(socket, 'secureConnect');
  const answered = new Promise<boolean>(
    (resolve) =>
      void socket.renegotiate({}, (error) => {
        if (error === null) resolve(false);
      }),
  );
  return Promise.race([closed, answered]);
};

/** The largest bodies that are taken, made of what costs most to compare. */
const heavy = (): readonly string[] => {
  const many = <T>(make: (i: number) => T): readonly T[] => Array.from({ length: 24_000 }, (_, i) => make(i));
  const variables = (value: string): Json => many((i) => ({ name: `E${i}`, value, valueFrom: null }));
  const labels = (value: string): Json => ({
    metadata: { labels: Object.fromEntries(many((i) => [`l${(i * 7919) % 24_000}`, value])) },
  });
  return [
    review(template('web:1', variables('1')), template('web:1', variables('2'))),
    review(labels('1'), labels('2')),
  ];
};

const mangled = fc
  .tuple(fc.nat({ max: length - 1 }), fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 12 }))
  .map(([at, drop, put]) => {
    const bytes = Buffer.from(whole);
    return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]);
  });

let before: Usage;
let afterwards: Usage;
const seen: {
  meanwhile: Asked[];
  heavy: readonly Asked[];
  spoken: readonly (readonly number[])[];
  refused: boolean;
} = {
  meanwhile: [],
  refused: false,
  heavy: [],
  spoken: [],
};

beforeAll(async () => {
  server = await startWebhookProcess({ limits, keepOutput: true, execArgv: ['--expose-gc'] });
  const patient = someAgent();
  for (let i = 0; i < 50; i += 1) await ask(patient, whole);
  before = await server.usage();
  const state = { going: true };
  const meanwhile = (async (): Promise<void> => {
    while (state.going) {
      seen.meanwhile.push(await ask(patient, whole));
      await pause(pace);
    }
  })();
  const spoken = Promise.all(
    talks.map(async ([, bytes]) => {
      const socket = await overTls();
      const received = until(socket);
      socket.write(bytes, 'latin1');
      return statuses(await received);
    }),
  );
  seen.spoken = await spoken;
  const agent = someAgent();
  [seen.heavy, seen.refused] = await Promise.all([Promise.all(heavy().map((body) => ask(agent, body))), renegotiate()]);
  const opened = mute();
  for (let i = 0; i < 50; i += 1) seen.meanwhile.push(await ask(agent, whole));
  await opened;
  for (let i = 0; i < 50; i += 1) seen.meanwhile.push(await ask(someAgent(), whole));
  state.going = false;
  await meanwhile;
}, 180_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const agent of agents) agent.destroy();
  await server.stop();
});

describe('peers that mean harm', () => {
  it.each(talks.map(([name, , expected], i) => [name, i, expected] as const))('%s', (_case, i, expected) =>
    expect(seen.spoken[i]).toEqual(expected),
  );

  it('get no second handshake on a connection', () => expect(seen.refused).toBe(true));

  it('get their largest bodies answered in time', () => {
    expect(seen.heavy.map(({ status }) => status)).toEqual([200, 200]);
    for (const { ms } of seen.heavy) expect(ms).toBeLessThan(deadline);
  });

  it('keep nobody else from an answer in time', () => {
    expect(seen.meanwhile.length).toBeGreaterThan(10);
    expect(seen.meanwhile.filter(({ status, ms }) => status !== 200 || ms > deadline)).toEqual([]);
  });

  it('get a 4xx for bytes that were mangled, or an answer where they still make sense', async () => {
    const agent = someAgent();
    await fc.assert(
      fc.asyncProperty(mangled, async (body) => {
        const { status, text } = await ask(agent, body);
        expect([200, 400]).toContain(status);
        expect(Object.keys(JSON.parse(text) as object)).toContain(status === 200 ? 'response' : 'error');
      }),
      { numRuns: 200 },
    );
  });

  it('leave the process as it was: alive, no larger, and with no secret in its log', async () => {
    afterwards = await server.usage();
    expect(server.alive()).toBe(true);
    expect(afterwards.heapMiB - before.heapMiB).toBeLessThan(30);
    expect(afterwards.rssMiB - before.rssMiB).toBeLessThan(300);
    expect(server.output()).toContain('"reason":"malformed"');
    expect(server.output()).not.toMatch(/hunter2|"fault"|Error/);
  });
});

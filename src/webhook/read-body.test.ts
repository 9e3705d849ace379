import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import { BodyRefused, jsonBody, type BodyBounds } from './read-body.ts';

const opened: { readonly close: () => unknown }[] = [];
afterEach(() => {
  for (const { close } of opened.splice(0)) close();
});

/** Answers with what was read, as text, or with why not. */
const start = async (bounds: BodyBounds): Promise<number> => {
  const app = express();
  app.post('/', jsonBody(bounds), (request, response) => void response.send(JSON.stringify(request.body)));
  const refused: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (error instanceof BodyRefused) response.status(error.status).send(error.message);
    else next(error);
  };
  app.use(refused);
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push({ close: () => (server.closeAllConnections(), server.close()) });
  return (server.address() as AddressInfo).port;
};

/** A connection on which bytes are written as they are; `received` resolves with everything that came when it ends. */
const raw = async (port: number): Promise<{ socket: Socket; received: Promise<string> }> => {
  const socket = connect(port, '127.0.0.1');
  opened.push({ close: () => socket.destroy() });
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return { socket, received: new Promise((resolve) => socket.on('close', () => resolve(text))) };
};
const head = (headers: string): string => `POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const json = 'Content-Type: application/json\r\n';
const statusOf = (text: string): string => text.slice(9, 12);
type Sendable = string | Buffer | ReadableStream;
const post = (port: number, body: Sendable, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    body: body as NonNullable<RequestInit['body']>,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body instanceof ReadableStream ? { duplex: 'half' as const } : {}),
  });

const roomy = { largest: 1000, together: 10_000 };

describe('a body', () => {
  it.each([
    ['with its length', `${head(`${json}Content-Length: 7\r\n`)}{"a":1}`],
    ['in chunks', `${head(`${json}Transfer-Encoding: chunked\r\n`)}3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n`],
    ['of a stated charset', `${head('Content-Type: application/json; charset=UTF-8\r\nContent-Length: 7\r\n')}{"a":1}`],
  ])('%s is read', async (_case, text) => {
    const { socket, received } = await raw(await start(roomy));
    socket.end(text);
    expect(await received).toMatch(/^HTTP\/1.1 200[^]*\{"a":1\}/);
  });

  it.each<[string, string, number]>([
    ['nested deeper than any object is', '['.repeat(30_000) + ']'.repeat(70_000), 400],
    [
      'nested as deep as objects are',
      `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)},"b":"${'x'.repeat(70_000)}"}`,
      200,
    ],
    ['with brackets in texts alone', JSON.stringify({ text: `${'[{'.repeat(30_000)}"\\[` }), 200],
    ['with more lists than may be nested, side by side', `[${'[],'.repeat(30_000)}[]]`, 200],
  ])('%s is answered accordingly', async (_case, body, status) => {
    const answer = await post(await start({ largest: 200_000, together: 400_000 }), body);
    expect(answer.status).toBe(status);
    if (status === 400) expect(await answer.text()).toBe('the body is nested deeper than 20000 levels');
  });

  it('in the tiniest pieces is put together', async () => {
    const port = await start(roomy);
    const { socket, received } = await raw(port);
    socket.setNoDelay(true);
    const body = JSON.stringify({ text: 'ä€😀'.repeat(30) });
    socket.write(head(`${json}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`));
    for (const byte of Buffer.from(body)) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
    expect(await received).toContain(body);
  });

  it('one after the other, and none has anything of another: their buffers are used again', async () => {
    const port = await start({ largest: 1000, together: 100_000 });
    const bodies = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify({ text: String(i % 10).repeat((i * 37) % 900) }),
    );
    for (const body of bodies) expect(await (await post(port, body)).text()).toBe(body);
    const answers = await Promise.all(bodies.map(async (body) => (await post(port, body)).text()));
    expect(answers).toEqual(bodies);
  });

  it.each([
    ['exactly at the limit', 1000, 200],
    ['a byte past it', 1001, 413],
    ['far past it', 1_000_000, 413],
  ])('%s', async (_case, length, status) => {
    const port = await start(roomy);
    const body = `"${'x'.repeat(length - 2)}"`;
    expect((await post(port, body)).status).toBe(status);
    const chunks = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from(body));
        controller.close();
      },
    });
    expect((await post(port, chunks)).status).toBe(status);
  });
});

describe('is refused', () => {
  it.each<[string, Buffer, Readonly<Record<string, string>>, number]>([
    ['no JSON', Buffer.from('{"password": hunter2}'), {}, 400],
    ['nothing', Buffer.alloc(0), {}, 400],
    ['a byte order mark', Buffer.from('\ufeff{}'), {}, 400],
    ['what is no UTF-8', Buffer.from('{"a":"\xff"}', 'latin1'), {}, 400],
    ['UTF-16', Buffer.from('{}', 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['text', Buffer.from('{}'), { 'content-type': 'text/plain' }, 415],
    ['a type that only begins right', Buffer.from('{}'), { 'content-type': 'application/json-patch+json' }, 415],
    ['what is compressed', Buffer.from('{}'), { 'content-encoding': 'gzip' }, 415],
  ])('%s', async (_case, body, headers, status) => {
    const answer = await post(await start(roomy), body, headers);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain('hunter2');
  });

  it('a body without end, while it is still being sent', async () => {
    const { socket, received } = await raw(await start(roomy));
    socket.write(head(`${json}Transfer-Encoding: chunked\r\n`));
    const piece = `200\r\n${'x'.repeat(512)}\r\n`;
    const send = (): void => {
      if (socket.writable) socket.write(piece, send);
    };
    send();
    // A peer that only writes may be told by the reset alone.
    expect(['413', '']).toContain(statusOf(await received));
  });

  it('and what follows on the connection is not taken for another question', async () => {
    const { socket, received } = await raw(await start(roomy));
    const smuggled = head(`${json}Content-Length: 2\r\n`) + '{}';
    socket.end(head(`${json}Content-Length: ${1001 + smuggled.length}\r\n`) + 'x'.repeat(1001) + smuggled);
    expect((await received).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413']);
  });
});

describe('unfinished bodies', () => {
  it('give way from the one that has taken longest, and others are taken', async () => {
    const port = await start({ largest: 1000, together: 2500 });
    const start900 = head(`${json}Content-Length: 900\r\n`) + '"';
    const slow = [];
    for (let i = 0; i < 4; i += 1) {
      const connection = await raw(port);
      await new Promise((resolve) => connection.socket.write(start900, resolve));
      // Whoever comes later must not be read earlier.
      expect((await post(port, '1')).status).toBe(200);
      slow.push(connection);
    }
    const [first, second, third, fourth] = slow.map(({ received }) => received);
    expect([statusOf((await first) ?? ''), statusOf((await second) ?? '')]).toEqual(['503', '503']);
    for (const { socket } of slow.slice(2)) socket.write(`${'x'.repeat(898)}"`, () => socket.end());
    expect([statusOf((await third) ?? ''), statusOf((await fourth) ?? '')]).toEqual(['200', '200']);
  });

  it('that are cut off give back what they held', async () => {
    const port = await start({ largest: 1000, together: 1000 });
    for (let i = 0; i < 5; i += 1) {
      const { socket, received } = await raw(port);
      socket.end(head(`${json}Content-Length: 900\r\n`) + '"');
      await received;
    }
    const patient = await raw(port);
    patient.socket.write(head(`${json}Content-Length: 3\r\n`) + '"');
    expect((await post(port, `"${'x'.repeat(900)}"`)).status).toBe(200);
    patient.socket.end('a"');
    expect(statusOf(await patient.received)).toBe('200');
  });
});

/**
 * Closes connections whose requests take too long. Node's own timeouts start when a connection opens, but a busy API server
 * opens connections long before it first uses them, and fails the write when such a connection has been closed.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Milliseconds } from '../values/time.ts';

export type RequestTimeouts = { readonly headers: Milliseconds; readonly request: Milliseconds };

type Talk = {
  /** Bytes of requests that are complete. */
  done: number;
  /** When the current request began to arrive. */
  since?: number | undefined;
  /** The request whose headers have arrived, and its response. */
  request?: IncomingMessage | undefined;
  response?: ServerResponse | undefined;
};

const looksPerLimit = 4;
const leastPause = 25;

/**
 * The limits run from the first byte of a request: one for its headers, one for the whole request, and the latter again for
 * reading the answer. Idle time between requests does not count.
 */
export const enforceRequestTimeouts = (server: TlsServer, limits: RequestTimeouts): void => {
  const talks = new Map<Socket, Talk>();
  server.on('secureConnection', (socket: Socket) => {
    talks.set(socket, { done: 0 });
    socket.once('close', () => talks.delete(socket));
  });
  (server as Server).on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const talk = talks.get(socket);
    if (talk === undefined) return;
    talk.since ??= performance.now();
    Object.assign(talk, { request, response });
    response.once('close', () => {
      if (talks.has(socket)) talks.set(socket, { done: socket.bytesRead });
    });
  });
  const pause = Math.max(leastPause, Math.min(limits.headers, limits.request) / looksPerLimit);
  const looking = setInterval(() => {
    for (const [socket, talk] of talks) if (dawdles(socket, talk, limits)) cutOff(socket, talk);
  }, pause);
  looking.unref();
  server.once('close', () => clearInterval(looking));
};

const timedOut = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Sends a 408 before closing, unless a response has begun. */
const cutOff = (socket: Socket, { response }: Talk): void => {
  if (response?.headersSent === true) {
    socket.destroy();
    return;
  }
  socket.write(timedOut, 'latin1');
  socket.destroySoon();
};

const dawdles = (socket: Socket, talk: Talk, limits: RequestTimeouts): boolean => {
  const { request, response } = talk;
  if (request === undefined && socket.bytesRead <= talk.done) return false;
  const reading = response?.writableEnded === true;
  // The request is complete: from here on it is Sluice that takes time, and afterwards the peer's reading of the answer.
  if (request?.complete === true && !reading) delete talk.since;
  else talk.since ??= performance.now();
  if (talk.since === undefined) return false;
  return performance.now() - talk.since >= (request === undefined ? limits.headers : limits.request);
};

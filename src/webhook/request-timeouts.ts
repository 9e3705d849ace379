/**
 * Cuts off who dawdles over a request. Node's own limits count from the moment of connecting, but a busy API server
 * opens connections that it uses for the first time much later, and fails the write when one of them is gone by then.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Milliseconds } from '../values/time.ts';

export type RequestTimeouts = { readonly headers: Milliseconds; readonly request: Milliseconds };

type Talk = {
  /** Bytes of requests that are over. */
  done: number;
  /** Since when a request has been coming in. */
  since?: number | undefined;
  /** The request whose headers are here, and its answer. */
  request?: IncomingMessage | undefined;
  response?: ServerResponse | undefined;
};

const looksPerLimit = 4;
const leastPause = 25;

/**
 * From the first byte of a request on, its headers and all of it may take so long, and so may reading the answer. Silence
 * between requests is no dawdling.
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

/** With a word, where no answer has begun. */
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
  // All of the question is here: what takes time now is our answer, and then reading it.
  if (request?.complete === true && !reading) delete talk.since;
  else talk.since ??= performance.now();
  if (talk.since === undefined) return false;
  return performance.now() - talk.since >= (request === undefined ? limits.headers : limits.request);
};

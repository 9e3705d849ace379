import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Access } from './kubeconfig.ts';

/** A failed request. `status` is 0 without a response (connection refused or reset, timeout). */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
}

/** The API calls the kubelet needs. Every failure is an ApiError. */
export interface ApiClient {
  readonly access: Access;
  request<T>(call: Call): Promise<T>;
  /**
   * Passes each line of a streamed response to `onLine`; resolves when the server ends the stream or `signal` aborts.
   */
  stream(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
}

// The API server closes a watch after 30 to 60 minutes and sends a bookmark every minute. A longer silence means that
// the connection is dead.
const STREAM_SILENCE_MS = 150_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** A client with keep-alive: one pool for requests, one connection per stream. */
export function createApiClient(access: Access, userAgent: string): ApiClient {
  const secure = access.server.protocol === 'https:';
  const transport = secure ? https : http;
  const options = { keepAlive: true, maxSockets: 24, ca: access.ca, cert: access.cert, key: access.key };
  const requests = new transport.Agent(options);
  const streams = new transport.Agent({ ...options, keepAlive: false, maxSockets: Infinity });
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent };
  if (access.token !== undefined) headers['authorization'] = `Bearer ${access.token}`;

  const open = (call: Call, agent: http.Agent, signal?: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = call.body === undefined ? undefined : JSON.stringify(call.body);
      const request = transport.request(new URL(call.path, access.server), {
        method: call.method ?? 'GET',
        agent,
        headers: {
          ...headers,
          ...(body === undefined ? {} : describeBody(body, call.contentType)),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      request.setTimeout(REQUEST_TIMEOUT_MS, () => request.destroy(new Error('timed out')));
      request.on('response', resolve);
      request.on('error', (error) => reject(unanswered(call, error)));
      request.end(body);
    });

  return {
    access,
    async request<T>(call: Call): Promise<T> {
      const response = await open(call, requests);
      const text = await readAll(call, response);
      if ((response.statusCode ?? 0) >= 300) throw refusal(call, response.statusCode ?? 0, text);
      return JSON.parse(text) as T;
    },
    async stream(path, onLine, signal) {
      const call = { path };
      const response = await open(call, streams, signal);
      response.socket.setTimeout(STREAM_SILENCE_MS);
      if (response.statusCode !== 200) {
        throw refusal(call, response.statusCode ?? 0, await readAll(call, response));
      }
      await eachLine(call, response, onLine);
    },
  };
}

// Node sets no content length for the body of a DELETE, which the server would read as the start of the next request.
function describeBody(body: string, contentType = 'application/json'): Record<string, string | number> {
  return { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
}

function unanswered(call: Call, error: Error): ApiError {
  return new ApiError(0, 'Unreachable', `${call.method ?? 'GET'} ${call.path}: ${error.message}`, error);
}

async function readAll(call: Call, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw unanswered(call, error as Error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function eachLine(call: Call, response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    }
  } catch (error) {
    throw unanswered(call, error as Error);
  }
}

function refusal(call: Call, status: number, text: string): ApiError {
  let reason = 'Unknown';
  let message = text.slice(0, 300);
  try {
    const answer = JSON.parse(text) as { reason?: string; message?: string };
    reason = answer.reason ?? reason;
    message = answer.message ?? message;
  } catch {
    // Not a Status object: use the plain text, which may be from a proxy or a dying server.
  }
  return new ApiError(status, reason, `${call.method ?? 'GET'} ${call.path}: ${status} ${message}`);
}

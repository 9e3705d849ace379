/** Metrics and probes, on a port of their own: nothing here is secret, and nothing can be changed through it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export type MetricsServerOptions = {
  readonly port: number;
  /** Address to listen on; all of them unless set. */
  readonly host?: string;
  readonly metrics: Pick<Metrics, 'expose'>;
  /** Whether work can be given to this process: true, or why not yet. */
  readonly ready: () => true | string;
};

export type MetricsServer = {
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /** Stops listening and ends idle connections; resolves when answers under way are out, within a second. */
  close(): Promise<void>;
};

/** Answers are made in milliseconds. */
const grace = 1000;

type Answer = { readonly code: number; readonly text: string; readonly contentType?: string };

const answer = async (path: string, options: MetricsServerOptions): Promise<Answer> => {
  if (path === '/healthz') return { code: 200, text: 'ok\n' };
  if (path === '/readyz') {
    const ready = options.ready();
    return ready === true ? { code: 200, text: 'ok\n' } : { code: 503, text: `${ready}\n` };
  }
  if (path !== '/metrics') return { code: 404, text: 'there is /metrics, /healthz and /readyz\n' };
  return { code: 200, ...(await options.metrics.expose()) };
};

const failed = (cause: unknown): Answer => ({ code: 500, text: `${String(cause)}\n` });

const respond = async (
  request: IncomingMessage,
  response: ServerResponse,
  options: MetricsServerOptions,
): Promise<void> => {
  const readOnly = request.method === 'GET' || request.method === 'HEAD';
  const [path = '/'] = (request.url ?? '/').split('?');
  const {
    code,
    text,
    contentType = 'text/plain; charset=utf-8',
  } = readOnly ? await answer(path, options).catch(failed) : { code: 405, text: 'GET only\n' };
  response.writeHead(code, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
};

const listen = (server: Server, { port, host }: MetricsServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Resolves when the port is open; rejects with Node's error when it cannot be opened. */
export const startMetricsServer = async (options: MetricsServerOptions): Promise<MetricsServer> => {
  const server = createServer((request, response) => void respond(request, response, options));
  // Probes and scrapes are small; a peer that dawdles is not one of them.
  server.requestTimeout = 5000;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        // Who has connected and asks nothing is not idle to Node, and nobody looks at them once the server is closed.
        const late = setTimeout(() => server.closeAllConnections(), grace);
        server.close((error) => {
          clearTimeout(late);
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
  };
};

/** Metrics and probes on a separate port. Nothing here is secret, and nothing can be changed. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export type MetricsServerOptions = {
  readonly port: number;
  /** Address to listen on. Default: all. */
  readonly host?: string;
  readonly metrics: Pick<Metrics, 'expose'>;
  /** True if this process is ready, otherwise the reason. */
  readonly ready: () => true | string;
};

export type MetricsServer = {
  /** The actual port, also if port 0 was requested. */
  readonly port: number;
  /** Stops listening and closes idle connections; resolves when pending responses are sent, within a second. */
  close(): Promise<void>;
};

/** Ample: responses take milliseconds. */
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

/** Resolves when the port is open; rejects with Node's error if it cannot be opened. */
export const startMetricsServer = async (options: MetricsServerOptions): Promise<MetricsServer> => {
  const server = createServer((request, response) => void respond(request, response, options));
  // Probes and scrapes are small requests; anything slower is not one of them.
  server.requestTimeout = 5000;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        // Node does not count a connection without any request as idle, so a closed server would keep it for ever.
        const late = setTimeout(() => server.closeAllConnections(), grace);
        server.close((error) => {
          clearTimeout(late);
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
  };
};

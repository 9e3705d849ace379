/** HTTP/1.1 with keep-alive. Requests share one pool; each watch has its own connection. */
import http from 'node:http';
import https from 'node:https';
import type { Credentials, TlsMaterial } from './credentials.ts';

export type HttpCall = {
  readonly method: string;
  readonly url: URL;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** Whether the response stays open for minutes, as a watch's does. */
  readonly streaming: boolean;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
};

export interface Transport {
  /** Resolves when the response headers arrive; the caller reads the body. */
  send(call: HttpCall): Promise<http.IncomingMessage>;
  /** Closes every connection, including those in use. */
  close(): void;
}

/** TCP keep-alive detects a dead peer about 40 s after the last packet (Node sends ten probes, one per second). */
const PROBE_AFTER = 30_000;

/**
 * Less than the 90 s after which Go's HTTP server closes an idle connection, so that no request races with that close.
 */
const IDLE_CONNECTION = 60_000;

const MOST_CONNECTIONS = 16;

type Pools = { readonly key: string; readonly requests: http.Agent; readonly streams: http.Agent };

const makePools = (key: string, secure: boolean, tls: TlsMaterial, proxy: string | undefined): Pools => {
  const Agent = secure ? https.Agent : http.Agent;
  const common = { ...tls, keepAliveMsecs: PROBE_AFTER, ...(proxy !== undefined && { proxyEnv: proxyEnv(proxy) }) };
  return {
    key,
    requests: new Agent({ ...common, keepAlive: true, maxSockets: MOST_CONNECTIONS, timeout: IDLE_CONNECTION }),
    streams: new Agent({ ...common, keepAlive: false }),
  };
};

const proxyEnv = (url: string): NodeJS.Dict<string> => ({ HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: '' });

/** `proxy` is an http(s) URL. When the TLS material changes, new requests use new pools and open ones keep the old. */
export const transport = (secure: boolean, proxy: string | undefined): Transport => {
  let pools: Pools | undefined;
  const open = new Set<http.ClientRequest>();

  const poolsFor = (tls: TlsMaterial): Pools => {
    const key = JSON.stringify(tls);
    if (pools?.key !== key) {
      // The old pools are not destroyed: that would cut open requests, and idle connections time out by themselves.
      pools = makePools(key, secure, tls, proxy);
    }
    return pools;
  };

  const send = ({
    method,
    url,
    headers,
    body,
    streaming,
    credentials,
    signal,
  }: HttpCall): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { requests, streams } = poolsFor(credentials.tls);
      const agent = credentials.agent ?? (streaming ? streams : requests);
      const request = (secure ? https : http).request(url, { method, headers, agent, signal });
      open.add(request);
      request.on('socket', (socket) => socket.setKeepAlive(true, PROBE_AFTER));
      request.on('error', reject);
      request.on('close', () => open.delete(request));
      request.on('response', resolve);
      request.end(body);
    });

  return {
    send,
    close: () => {
      for (const request of open) request.destroy(new Error('the connection was closed by this side'));
      pools?.requests.destroy();
      pools?.streams.destroy();
    },
  };
};

/** HTTPS for the webhook: certificates change while it runs, slow peers are cut off, closing loses no question. */
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';

/** PEM: the certificate with its chain, and its key. */
export type ServingCertificate = { readonly cert: string; readonly key: string };

export type WebhookLimits = {
  readonly handshake: Milliseconds;
  readonly headers: Milliseconds;
  readonly request: Milliseconds;
  /** Longer than the 90 s for which an API server keeps an idle connection, so that it is never the one surprised. */
  readonly idle: Milliseconds;
  /** How long, after closing begins, new questions are still taken: until the last API server knows of it. */
  readonly lameDuck: Milliseconds;
  /** How long questions under way may take after that. */
  readonly grace: Milliseconds;
};

export const defaultLimits: WebhookLimits = {
  handshake: 5_000,
  headers: 5_000,
  request: 10_000,
  idle: 120_000,
  lameDuck: 5_000,
  grace: 10_000,
};

export type WebhookServerOptions = {
  readonly app: RequestListener;
  readonly certificate: ServingCertificate;
  /** Address to listen on; all of them unless set. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly limits?: Partial<WebhookLimits>;
};

export type WebhookServer = {
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /** New connections get this certificate; those that are open keep theirs. Throws when it does not fit its key. */
  use(certificate: ServingCertificate): void;
  /** True from the moment closing begins: readiness should say so. */
  draining(): boolean;
  /** Takes questions for a while longer, then no more, and resolves when the last answer is out or its time is up. */
  close(): Promise<void>;
};

const minVersion = 'TLSv1.2';

/** Resolves when the port is open; rejects with Node's error when it cannot be, or when the certificate does not fit. */
export const startWebhookServer = async (options: WebhookServerOptions): Promise<WebhookServer> => {
  const limits = { ...defaultLimits, ...options.limits };
  let draining = false;
  const server = createServer(serverOptions(options.certificate, limits), (request, response) => {
    // Tells the API server to come back on a new connection, which leads to another replica.
    if (draining) response.setHeader('Connection', 'close');
    options.app(request, response);
  });
  server.keepAliveTimeout = limits.idle;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    use: (certificate) => server.setSecureContext({ ...certificate, minVersion }),
    draining: () => draining,
    close: async () => {
      if (draining) return;
      draining = true;
      await pause(options.clock, limits.lameDuck);
      await end(server, options.clock, limits.grace);
    },
  };
};

const serverOptions = (certificate: ServingCertificate, limits: WebhookLimits): ServerOptions => ({
  ...certificate,
  minVersion,
  handshakeTimeout: limits.handshake,
  headersTimeout: limits.headers,
  requestTimeout: limits.request,
  connectionsCheckingInterval: Math.max(50, Math.min(limits.headers, limits.request) / 4),
});

const listen = (server: Server, { port, host }: WebhookServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });

const pause = (clock: Clock, delay: Milliseconds): Promise<void> =>
  new Promise((resolve) => void clock.after(delay, resolve));

const end = (server: Server, clock: Clock, grace: Milliseconds): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(grace, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
  });

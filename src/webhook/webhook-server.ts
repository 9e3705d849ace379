/** HTTPS for the webhook: certificates change while it runs, slow peers are cut off, closing loses no question. */
import { constants } from 'node:crypto';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket, type PeerCertificate, type SecureContextOptions } from 'node:tls';
import type { Milliseconds } from '../values/time.ts';
import { pause, type Clock } from '../ports/clock.ts';
import { boundConnections } from './bound-connections.ts';
import { enforceRequestTimeouts } from './request-timeouts.ts';

/** PEM: the certificate with its chain, and its key. */
export type ServingCertificate = { readonly cert: string; readonly key: string };

/** Callers have to show a certificate: without one, or with one of another authority, there is no handshake. */
export type ClientCheck = {
  /** PEM of the authorities. */
  readonly ca: string;
  /** Common names that may call; whoever has a certificate where there are none. */
  readonly names: readonly string[];
};

export type WebhookLimits = {
  readonly handshake: Milliseconds;
  readonly headers: Milliseconds;
  readonly request: Milliseconds;
  /** Longer than the 90 s for which an API server keeps an idle connection, used or not, so that it is never the one surprised. */
  readonly idle: Milliseconds;
  /** Open connections: each holds some 60 KiB, and three API servers at their busiest open 600. */
  readonly connections: number;
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
  connections: 1_000,
  lameDuck: 5_000,
  grace: 10_000,
};

export type WebhookServerOptions = {
  readonly app: RequestListener;
  readonly certificate: ServingCertificate;
  /** Anybody may call where it is left out. */
  readonly clients?: ClientCheck;
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
  /** New connections have to show a certificate of these authorities (PEM). Only where callers are checked. */
  admit(ca: string): void;
  /** True from the moment closing begins: readiness should say so. */
  draining(): boolean;
  /** Takes questions for a while longer, then no more, and resolves when the last answer is out or its time is up. */
  close(): Promise<void>;
};

const minVersion = 'TLSv1.2';

/** Resolves when the port is open; rejects with Node's error when it cannot be, or when the certificate does not fit. */
export const startWebhookServer = async (options: WebhookServerOptions): Promise<WebhookServer> => {
  const limits = { ...defaultLimits, ...options.limits };
  let { certificate } = options;
  let ca = options.clients?.ca;
  let draining = false;
  const answer = checked(options);
  const server = createServer(serverOptions(options, limits), (request, response) => {
    // Tells the API server to come back on a new connection, which leads to another replica.
    if (draining) response.setHeader('Connection', 'close');
    answer(request, response);
  });
  server.keepAliveTimeout = limits.idle;
  boundConnections(server, limits.connections);
  const cutOff = whoCutsOff(server);
  enforceRequestTimeouts(server, limits);
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    use: (next) => {
      // Thrown before anything is kept: a change of the authorities later on must not meet a certificate that does not fit.
      server.setSecureContext(secureContext(next, ca));
      certificate = next;
    },
    admit: (next) => {
      ca = options.clients === undefined ? undefined : next;
      server.setSecureContext(secureContext(certificate, ca));
    },
    draining: () => draining,
    close: async () => {
      if (draining) return;
      draining = true;
      await pause(options.clock, limits.lameDuck);
      await end(server, options.clock, limits.grace, cutOff);
    },
  };
};

const secureContext = (certificate: ServingCertificate, ca: string | undefined): SecureContextOptions => ({
  ...certificate,
  ...(ca === undefined ? {} : { ca }),
  minVersion,
  // No API server asks for it, and it is work for nothing to whoever is asked.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
});

/** Whoever has a certificate, but not one that was made for calling us, is not told anything. */
const checked = ({ app, clients }: WebhookServerOptions): RequestListener => {
  const names = clients?.names ?? [];
  if (names.length === 0) return app;
  return (request, response) => {
    const { socket } = request;
    // Node's types do not know of a peer without a certificate, nor of one without a name.
    const peer: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    if (names.some((name) => name === peer.subject?.CN)) app(request, response);
    else response.writeHead(403, { connection: 'close' }).end('this certificate may not call the webhook\n');
  };
};

const serverOptions = ({ certificate, clients }: WebhookServerOptions, limits: WebhookLimits): ServerOptions => ({
  ...secureContext(certificate, clients?.ca),
  ...(clients === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
  handshakeTimeout: limits.handshake,
  // These count from the moment of connecting: see who cuts off dawdlers.
  headersTimeout: limits.idle,
  requestTimeout: limits.idle,
  connectionsCheckingInterval: Math.min(5_000, limits.idle / 4),
});

const listen = (server: Server, { port, host }: WebhookServerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });

/**
 * Returns a function that cuts off everybody. `closeAllConnections` leaves out whose handshake is not over, and a server
 * that is closed looks after none of them any more: one that got through it later would keep the server open for ever.
 */
const whoCutsOff = (server: Server): (() => void) => {
  const open = new Set<Duplex>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => {
    for (const socket of open) socket.destroy();
  };
};

const end = (server: Server, clock: Clock, grace: Milliseconds, cutOff: () => void): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.after(grace, cutOff);
    server.close(() => {
      cancel();
      resolve();
    });
  });

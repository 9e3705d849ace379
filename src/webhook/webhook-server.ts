/**
 * The webhook's HTTPS server: certificates can be replaced while it runs, slow peers are disconnected, and closing loses no
 * request.
 */
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

/** PEM texts: the certificate with its chain, and its key. */
export type ServingCertificate = { readonly cert: string; readonly key: string };

/** Client certificate check: the TLS handshake fails without a certificate, or with one from another authority. */
export type ClientCheck = {
  /** PEM of the authorities. */
  readonly ca: string;
  /** Common names that may call. If empty, every holder of a valid certificate may. */
  readonly names: readonly string[];
};

export type WebhookLimits = {
  readonly handshake: Milliseconds;
  readonly headers: Milliseconds;
  readonly request: Milliseconds;
  /**
   * Idle timeout of a connection. Longer than the 90 s for which an API server keeps an idle connection, so that the API
   * server always closes first.
   */
  readonly idle: Milliseconds;
  /** Open connections at most. Each takes about 60 KiB; three API servers under full load open 600. */
  readonly connections: number;
  /** How long new requests are still accepted after closing begins, until every API server has noticed. */
  readonly lameDuck: Milliseconds;
  /** How long pending requests may take after that. */
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
  /** If absent, anyone may call. */
  readonly clients?: ClientCheck;
  /** Address to listen on; all addresses by default. */
  readonly host?: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly limits?: Partial<WebhookLimits>;
};

export type WebhookServer = {
  /** The actual port, also where 0 was given. */
  readonly port: number;
  /**
   * Serves this certificate to new connections; open connections keep theirs. Throws when the certificate does not fit its
   * key.
   */
  use(certificate: ServingCertificate): void;
  /**
   * Requires new connections to show a certificate of these authorities (PEM). Has an effect only where clients are
   * checked.
   */
  admit(ca: string): void;
  /** True from the moment closing begins: readiness should say so. */
  draining(): boolean;
  /** Accepts requests for the `lameDuck` time, then stops. Resolves when the last answer is sent or `grace` is over. */
  close(): Promise<void>;
};

const minVersion = 'TLSv1.2';

/**
 * Resolves when the port is open. Rejects with Node's error when the port cannot be opened or the certificate does not fit
 * its key.
 */
export const startWebhookServer = async (options: WebhookServerOptions): Promise<WebhookServer> => {
  const limits = { ...defaultLimits, ...options.limits };
  let { certificate } = options;
  let ca = options.clients?.ca;
  let draining = false;
  const answer = checked(options);
  const server = createServer(serverOptions(options, limits), (request, response) => {
    // Makes the API server reconnect, which leads it to another replica.
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
      // Throws before anything is stored, so that a later change of the authorities never combines with a certificate that
      // does not fit.
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
  // No API server renegotiates, and a hostile client could keep the server busy with it.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
});

/** Answers 403 to a valid certificate whose common name may not call. */
const checked = ({ app, clients }: WebhookServerOptions): RequestListener => {
  const names = clients?.names ?? [];
  if (names.length === 0) return app;
  return (request, response) => {
    const { socket } = request;
    // Node's types claim that a peer always has a certificate, and a certificate always a subject.
    const peer: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    if (names.some((name) => name === peer.subject?.CN)) app(request, response);
    else response.writeHead(403, { connection: 'close' }).end('this certificate may not call the webhook\n');
  };
};

const serverOptions = ({ certificate, clients }: WebhookServerOptions, limits: WebhookLimits): ServerOptions => ({
  ...secureContext(certificate, clients?.ca),
  ...(clients === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
  handshakeTimeout: limits.handshake,
  // Node counts these from the moment of connecting; see `request-timeouts.ts`.
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
 * Returns a function that closes every connection. `closeAllConnections` misses connections whose TLS handshake is not
 * complete; once such a handshake succeeds, the connection would keep a closed server open for ever.
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

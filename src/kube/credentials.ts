/** Credentials for requests: headers and TLS material, reread periodically because both are rotated. */
import { readFileSync } from 'node:fs';
import type { Agent, OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { Instant, Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Connection, Impersonation } from './kubeconfig.ts';

/** PEM. `cert` and `key` may come from a file, inline data or an exec plugin. */
export type TlsMaterial = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
};

export type Credentials = {
  readonly headers: OutgoingHttpHeaders;
  readonly tls: TlsMaterial;
  /** Set for connections that only the client library's own agent can make. */
  readonly agent?: Agent;
};

export interface CredentialSource {
  /** Rejects when a file cannot be read or an exec plugin fails. */
  current(): Promise<Credentials>;
  /** To be called after a 401: the next request rereads everything. */
  refused(): void;
}

/** The same interval as client-go; kubelet replaces a token after 80 % of its lifetime. */
const REREAD_AFTER: Milliseconds = 60_000;

/** Caches a value until it is older than REREAD_AFTER or `forget` is called. */
const rereading = <T>(clock: Clock, read: () => T): { get: () => T; forget: () => void } => {
  let last: { readonly value: T; readonly at: Instant } | undefined;
  return {
    get: () => {
      const age = last === undefined ? Number.POSITIVE_INFINITY : clock.now() - last.at;
      if (last === undefined || age < 0 || age >= REREAD_AFTER) last = { value: read(), at: clock.now() };
      return last.value;
    },
    forget: () => (last = undefined),
  };
};

const pem = (file: string | undefined, data: string | undefined): string | undefined => {
  if (file) return readFileSync(file, 'utf8');
  return data ? Buffer.from(data, 'base64').toString('utf8') : undefined;
};

const tlsOf = (cluster: Cluster, user: User): TlsMaterial => {
  const ca = pem(cluster.caFile, cluster.caData);
  const cert = pem(user.certFile, user.certData);
  const key = pem(user.keyFile, user.keyData);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
  };
};

const impersonation = (as: Impersonation | undefined): OutgoingHttpHeaders => ({
  ...(as !== undefined && { 'impersonate-user': as.user }),
  ...(as?.groups !== undefined && as.groups.length > 0 && { 'impersonate-group': [...as.groups] }),
});

const bearer = (token: string | undefined): OutgoingHttpHeaders =>
  token === undefined ? {} : { authorization: `Bearer ${token.trim()}` };

const staticHeaders = (user: User): OutgoingHttpHeaders => {
  if (user.username)
    return { authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}` };
  return bearer(user.token);
};

/**
 * Sets KUBERNETES_EXEC_INFO, which tells a plugin the protocol version and the cluster; the client library does not set
 * it.
 */
const withExecInfo = ({ user, cluster }: Connection): User => {
  const exec = user.exec as { apiVersion?: string; env?: readonly object[] } | undefined;
  const info = {
    kind: 'ExecCredential',
    apiVersion: exec?.apiVersion ?? 'client.authentication.k8s.io/v1',
    spec: { interactive: false, cluster: { server: cluster.server, 'certificate-authority-data': cluster.caData } },
  };
  const env = [...(exec?.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
  return { ...user, exec: { ...exec, env } };
};

type Extra = Pick<Credentials, 'headers'> & { readonly tls?: TlsMaterial; readonly agent?: Agent };

/** A way to authenticate, in addition to the kubeconfig's own TLS material. */
type Method = { read(): Promise<Extra>; forget(): void };

const execMethod = (connection: Connection): Method => {
  const user = withExecInfo(connection);
  let plugin = new ExecAuth();
  let running: Promise<Extra> | undefined;
  const ask = async (): Promise<Extra> => {
    const options: RequestOptions = { headers: {} };
    await plugin.applyAuthentication(user, options);
    const { cert, key } = options;
    const tls = { ...(typeof cert === 'string' && { cert }), ...(typeof key === 'string' && { key }) };
    return { headers: options.headers as OutgoingHttpHeaders, tls };
  };
  return {
    // A plugin may ask a person to log in, so all waiting requests share one run.
    read: () => (running ??= ask().finally(() => (running = undefined))),
    forget: () => (plugin = new ExecAuth()),
  };
};

const tokenFileMethod = (file: string, clock: Clock): Method => {
  const token = rereading(clock, () => readFileSync(file, 'utf8'));
  return { read: () => Promise.resolve({ headers: bearer(token.get()) }), forget: token.forget };
};

/**
 * Auth providers that kubectl itself has dropped (oidc, gcp, azure), and SOCKS proxies. The client library handles
 * these; it is loaded only when needed because of its size.
 */
const libraryMethod = ({ cluster, user }: Connection): Method => {
  const config = import('@kubernetes/client-node/dist/config.js').then(({ KubeConfig }) => {
    const whole = new KubeConfig();
    // The library refuses plain HTTP unless TLS verification, meaningless there, is switched off.
    const skipTLSVerify = cluster.skipTLSVerify || cluster.server.startsWith('http:');
    whole.loadFromClusterAndUser({ ...cluster, skipTLSVerify }, user);
    return whole;
  });
  const read = async (): Promise<Extra> => {
    const options: RequestOptions = { headers: {} };
    await (await config).applyToHTTPSOptions(options);
    const agent = cluster.proxyUrl !== undefined && options.agent instanceof Object ? options.agent : undefined;
    return { headers: options.headers as OutgoingHttpHeaders, ...(agent !== undefined && { agent }) };
  };
  config.catch(() => undefined);
  return { read, forget: () => undefined };
};

const methodOf = (connection: Connection, clock: Clock): Method => {
  const { user, cluster, tokenFile } = connection;
  if (user.authProvider || cluster.proxyUrl?.startsWith('socks')) return libraryMethod(connection);
  if (user.exec) return execMethod(connection);
  if (tokenFile !== undefined) return tokenFileMethod(tokenFile, clock);
  return { read: () => Promise.resolve({ headers: staticHeaders(user) }), forget: () => undefined };
};

/** `as` overrides the kubeconfig's own impersonation. */
export const credentialSource = (connection: Connection, clock: Clock, as?: Impersonation): CredentialSource => {
  const method = methodOf(connection, clock);
  const tls = rereading(clock, () => tlsOf(connection.cluster, connection.user));
  return {
    current: async () => {
      const extra = await method.read();
      return {
        headers: { ...extra.headers, ...impersonation(as ?? connection.impersonate) },
        tls: { ...tls.get(), ...extra.tls },
        ...(extra.agent !== undefined && { agent: extra.agent }),
      };
    },
    refused: () => {
      method.forget();
      tls.forget();
    },
  };
};

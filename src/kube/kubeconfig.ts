/**
 * Finds the API server and the user to connect as. The Kubernetes client's own KubeConfig class loads the whole typed
 * API, some 70 MiB of unused memory (docs/adr/0019), so only its small parsing modules are imported.
 */
import { accessSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';

export type Impersonation = { readonly user: string; readonly groups?: readonly string[] };

/**
 * The environment variables that locate the API server. The caller reads them, because only `config/` reads the
 * environment.
 */
export type KubeEnvironment = {
  readonly KUBECONFIG?: string | undefined;
  readonly HOME?: string | undefined;
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
};

export type ConnectionOptions = {
  readonly env: KubeEnvironment;
  /** Path of a kubeconfig; takes precedence over `env`. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig. Default: its current context. */
  readonly context?: string;
  /** Where a pod's service account is mounted. */
  readonly serviceAccountFolder?: string;
};

export type Connection = {
  /** Base URL without a trailing slash. */
  readonly server: string;
  readonly cluster: Cluster;
  readonly user: User;
  /** Reread periodically: kubelet replaces it before the token expires. */
  readonly tokenFile?: string;
  /** From the kubeconfig's `as` and `as-groups`. */
  readonly impersonate?: Impersonation;
  /** The context's or the pod's namespace. */
  readonly namespace?: string;
};

type RawUser = { readonly tokenFile?: string; readonly 'as-groups'?: readonly string[] };
type RawNamed = { readonly name?: string; readonly user?: RawUser };
type RawConfig = {
  readonly clusters?: readonly RawNamed[];
  readonly users?: readonly RawNamed[];
  readonly contexts?: readonly RawNamed[];
  readonly 'current-context'?: string;
};

type Named<T> = T & { readonly name: string };
type Config = {
  readonly clusters: readonly Named<Cluster>[];
  readonly users: readonly Named<User & { tokenFile?: string; groups?: readonly string[] }>[];
  readonly contexts: readonly { name: string; cluster: string; user: string; namespace?: string }[];
  readonly current: string | undefined;
};

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

const exists = (path: string): boolean => {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
};

/** Paths in a kubeconfig are relative to its own folder. */
const absolute = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));

const readConfig = (path: string): Config => {
  const raw = (parse(readFileSync(path, 'utf8')) ?? {}) as RawConfig;
  const folder = dirname(path);
  const extras = new Map((raw.users ?? []).map((entry) => [entry.name, entry.user]));
  const users = newUsers(raw.users).map((user) => {
    const extra = extras.get(user.name);
    return {
      ...user,
      ...(user.certFile && { certFile: absolute(folder, user.certFile) }),
      ...(user.keyFile && { keyFile: absolute(folder, user.keyFile) }),
      ...(extra?.tokenFile !== undefined && { tokenFile: absolute(folder, extra.tokenFile) }),
      ...(extra?.['as-groups'] !== undefined && { groups: extra['as-groups'] }),
    };
  });
  const clusters = newClusters(raw.clusters).map((cluster) => ({
    ...cluster,
    ...(cluster.caFile && { caFile: absolute(folder, cluster.caFile) }),
  }));
  return { clusters, users, contexts: newContexts(raw.contexts), current: raw['current-context'] };
};

/** Merges as kubectl does: the first file that sets a value wins. */
const merge = (configs: readonly Config[]): Config => ({
  clusters: configs.flatMap((config) => config.clusters),
  users: configs.flatMap((config) => config.users),
  contexts: configs.flatMap((config) => config.contexts),
  current: configs.map((config) => config.current).find((name) => (name ?? '') !== ''),
});

const choose = (config: Config, source: string, wanted: string | undefined): Connection => {
  const name = wanted ?? config.current;
  const context = config.contexts.find((candidate) => candidate.name === name);
  if (context === undefined) throw new Error(`${source} has no context ${name === undefined ? 'chosen' : `"${name}"`}`);
  const cluster = config.clusters.find((candidate) => candidate.name === context.cluster);
  if (cluster === undefined) throw new Error(`${source} has no cluster "${context.cluster}"`);
  const user: Config['users'][number] = config.users.find((candidate) => candidate.name === context.user) ?? {
    name: 'anonymous',
  };
  const { tokenFile, groups, impersonateUser } = user;
  return {
    server: cluster.server,
    cluster,
    user,
    ...(tokenFile !== undefined && { tokenFile }),
    ...(impersonateUser && { impersonate: { user: impersonateUser, ...(groups !== undefined && { groups }) } }),
    ...(context.namespace !== undefined && { namespace: context.namespace }),
  };
};

const inCluster = (env: KubeEnvironment, folder: string): Connection | undefined => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined || host === '' || !exists(join(folder, 'token'))) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const namespaceFile = join(folder, 'namespace');
  return {
    server,
    cluster: { name: 'in-cluster', server, caFile: join(folder, 'ca.crt'), skipTLSVerify: false },
    user: { name: 'service-account' },
    tokenFile: join(folder, 'token'),
    ...(exists(namespaceFile) && { namespace: readFileSync(namespaceFile, 'utf8').trim() }),
  };
};

/**
 * Tries, in this order: the given path, $KUBECONFIG (several files are merged), ~/.kube/config, the pod's service
 * account. Throws an Error that says what was tried if none exists or the first one found is incomplete.
 */
export const findConnection = (options: ConnectionOptions): Connection => {
  const { env, kubeconfig, context, serviceAccountFolder = SERVICE_ACCOUNT } = options;
  const home = join(env.HOME ?? '/', '.kube', 'config');
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '' && exists(path));
  const files = kubeconfig !== undefined ? [kubeconfig] : listed.length > 0 ? listed : [home].filter(exists);
  if (files.length > 0) return choose(merge(files.map(readConfig)), files.join(delimiter), context);
  const pod = inCluster(env, serviceAccountFolder);
  if (pod !== undefined) return pod;
  throw new Error(`no cluster to talk to: no kubeconfig was given, there is no ${home}, and this is not a pod`);
};

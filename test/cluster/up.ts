import { randomBytes } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrdBundleName } from './binaries/crds.ts';
import { ensureTools } from './binaries/ensure-tools.ts';
import type { Progress } from './binaries/progress.ts';
import { silentProgress } from './binaries/progress.ts';
import type { Cluster } from './cluster.ts';
import { clusterOf, endCluster } from './cluster.ts';
import { readClusterInfo } from './cluster-info.ts';
import type { ClusterShape } from './cluster-plan.ts';
import { planCluster, toolsFor } from './cluster-plan.ts';
import { answers } from './control-client.ts';
import { ensureEtcdTemplate } from './etcd-template.ts';
import { requireHost } from './host-checks.ts';
import { CLUSTER_DIR_VARIABLE, clustersRoot } from './layout.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { isAlive } from './process-identity.ts';
import type { StaticScrape } from './prometheus-config.ts';
import { STARTER_FILE, startCluster } from './start-cluster.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type UpOptions = Partial<ClusterShape> & {
  /** Lower-case letters, digits and dashes. Default: a random one. */
  readonly name?: string;
  /** Default `process`: the cluster ends with the calling process. */
  readonly lifetime?: 'process' | 'detached';
  /** Static targets for Prometheus, in addition to annotated pods. */
  readonly scrape?: readonly StaticScrape[];
  readonly progress?: Progress;
  /** Aborting stops the start and removes everything. */
  readonly signal?: AbortSignal;
  readonly env?: Env;
};

const DEFAULT_CRDS: readonly CrdBundleName[] = ['istio', 'gateway-api', 'smi'];

/** The requested shape with defaults: everything is on and pods are processes. */
export const shapeOf = (options: Partial<ClusterShape>): ClusterShape => ({
  istio: options.istio ?? true,
  prometheus: options.prometheus ?? true,
  kubelet: options.kubelet ?? 'process',
  crds: options.crds ?? DEFAULT_CRDS,
  apiServerArgs: options.apiServerArgs ?? [],
  controllerManagerArgs: options.controllerManagerArgs ?? [],
});

/**
 * Builds what is missing (this takes minutes the first time), starts a cluster and resolves when all of it is ready.
 * Rejects with a `HostError` that lists everything this machine lacks, with the last lines of a compiler or component,
 * or with the signal's reason. In each case everything is removed.
 */
export const up = async (options: UpOptions = {}): Promise<Cluster> => {
  const { env = process.env, progress = silentProgress, lifetime = 'process', scrape = [] } = options;
  const signal = options.signal ?? new AbortController().signal;
  const shape = shapeOf(options);
  const names = toolsFor(shape);
  const mode = await requireHost(names, env);
  const { tools, crds } = await ensureTools(names, shape.crds, { env, progress, signal });
  await list(env);
  const start = { shape, mode, env, tools, crds, scrape, progress, signal } as const;
  const template = await ensureEtcdTemplate(start);
  const name = options.name ?? `t-${randomBytes(4).toString('hex')}`;
  return startCluster({ ...start, name, lifetime, plan: planCluster, ...(template === undefined ? {} : { template }) });
};

/** The cluster in a folder, by default the one in which this process runs. Rejects if there is none. */
export const attach = async (dir: string | undefined = process.env[CLUSTER_DIR_VARIABLE]): Promise<Cluster> => {
  if (dir === undefined) throw new Error(`say which cluster: a folder, or ${CLUSTER_DIR_VARIABLE} in the environment`);
  const info = await readClusterInfo(dir);
  if (!(await answers(dir))) throw new Error(`the cluster in ${dir} does not run any more`);
  return clusterOf(info);
};

/** Attaches to the cluster of that name. */
export const attachByName = (name: string, env: Env = process.env): Promise<Cluster> =>
  attach(join(clustersRoot(env), name)).catch((error: unknown) => {
    throw new Error(`there is no running cluster ${name}`, { cause: error });
  });

/** All clusters of this user. Also removes what killed clusters left behind. */
export const list = async (env: Env = process.env): Promise<Cluster[]> => {
  const root = clustersRoot(env);
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => look(join(root, name))));
  return found.filter((cluster) => cluster !== undefined);
};

const look = async (dir: string): Promise<Cluster | undefined> => {
  const info = await readClusterInfo(dir).catch(() => undefined);
  if (info !== undefined && (await answers(dir))) return clusterOf(info);
  // Processes outside are invisible from inside a namespace.
  if (process.env[CLUSTER_DIR_VARIABLE] !== undefined) return undefined;
  if (info === undefined) await removeAbandoned(dir);
  // If either of them is gone, the kernel ends the rest.
  else if (!(await isAlive(info.holder.unshare)) || !(await isAlive(info.holder.init))) await endCluster(info);
  return undefined;
};

const removeAbandoned = async (dir: string): Promise<void> => {
  const starter = await readFile(join(dir, STARTER_FILE), 'utf8').then(
    (text) => JSON.parse(text) as ProcessIdentity,
    () => undefined,
  );
  if (starter === undefined || (await isAlive(starter))) return;
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
};

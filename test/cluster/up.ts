import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CrdBundleName } from './binaries/crds.ts';
import { ensureTools } from './binaries/ensure-tools.ts';
import type { Progress, Step } from './binaries/progress.ts';
import { silentProgress } from './binaries/progress.ts';
import type { Cluster } from './cluster.ts';
import { clusterOf, endCluster } from './cluster.ts';
import { writeClusterFiles } from './cluster-files.ts';
import type { ClusterInfo } from './cluster-info.ts';
import { readClusterInfo, writeClusterInfo } from './cluster-info.ts';
import type { ClusterShape } from './cluster-plan.ts';
import { planCluster, toolsFor } from './cluster-plan.ts';
import type { ComponentSpec } from './component-spec.ts';
import { answers } from './control-client.ts';
import type { BootEvent } from './control-protocol.ts';
import { PLAN_FILE } from './control-protocol.ts';
import { requireHost } from './host-checks.ts';
import type { Holder } from './launch-namespace.ts';
import { launchNamespace } from './launch-namespace.ts';
import type { Layout } from './layout.ts';
import {
  API_SERVER_URL,
  CLUSTER_DIR_VARIABLE,
  clustersRoot,
  ISTIOD_GRPC_ADDRESS,
  layoutOf,
  PROMETHEUS_ADDRESS,
} from './layout.ts';
import type { NamespaceMode } from './namespace.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { identify, isAlive } from './process-identity.ts';
import type { StaticScrape } from './prometheus-config.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type UpOptions = Partial<ClusterShape> & {
  /** Lower-case letters, digits and dashes. Default: a random one. */
  readonly name?: string;
  /** Default `process`: the cluster ends with the calling process, however that ends. */
  readonly lifetime?: 'process' | 'detached';
  /** Static targets for Prometheus, beside annotated pods. */
  readonly scrape?: readonly StaticScrape[];
  readonly progress?: Progress;
  /** Aborting stops what is going on and leaves nothing behind. */
  readonly signal?: AbortSignal;
  readonly env?: Env;
};

const DEFAULT_CRDS: readonly CrdBundleName[] = ['istio', 'gateway-api', 'smi'];

/** The shape asked for, with defaults: everything on, pods are processes. */
export const shapeOf = (options: Partial<ClusterShape>): ClusterShape => ({
  istio: options.istio ?? true,
  prometheus: options.prometheus ?? true,
  kubelet: options.kubelet ?? 'process',
  crds: options.crds ?? DEFAULT_CRDS,
  apiServerArgs: options.apiServerArgs ?? [],
  controllerManagerArgs: options.controllerManagerArgs ?? [],
});

// Longer paths do not fit into the address of a unix socket.
const LONGEST_DIR = 90;
const STARTER_FILE = 'starter.json';

const claimFolder = async (name: string, env: Env): Promise<string> => {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new Error(`cluster name ${JSON.stringify(name)}: only a-z, 0-9 and -`);
  const dir = join(clustersRoot(env), name);
  if (dir.length > LONGEST_DIR) throw new Error(`${dir} is too long: set SLUICE_CLUSTERS to a shorter folder`);
  await list(env);
  await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`there already is a cluster ${name} (${dir}); take it down first, or choose another name`, {
      cause: error,
    });
  }
  // Should this process be killed before there is a namespace, `list` can tell that nobody works here any more.
  await writeFile(join(dir, STARTER_FILE), JSON.stringify(await identify(process.pid)));
  return dir;
};

/** Turns the supervisor's events into steps a person can follow. */
const narrate = (progress: Progress): { onEvent: (event: BootEvent) => void; abandon: () => void } => {
  const steps = new Map<string, Step>();
  return {
    onEvent: (event) => {
      if (event.event === 'starting') steps.set(event.name, progress.begin(`starting ${event.name}`));
      if (event.event !== 'ready') return;
      steps.get(event.name)?.done();
      steps.delete(event.name);
    },
    abandon: () => {
      for (const step of steps.values()) step.fail();
    },
  };
};

// What components inherit: enough to find programs and to write temporary files, and nothing that could steer them.
const componentEnv = (env: Env, layout: Layout): Record<string, string> => ({
  PATH: `${layout.bin}:${env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
  HOME: layout.dir,
  TMPDIR: env['TMPDIR'] ?? '/tmp',
  [CLUSTER_DIR_VARIABLE]: layout.dir,
});

type Describe = {
  shape: ClusterShape;
  lifetime: 'process' | 'detached';
  mode: NamespaceMode;
  components: ComponentSpec[];
};

const describe = (dir: string, holder: Holder, { shape, components, ...rest }: Describe): ClusterInfo => {
  const layout = layoutOf(dir);
  return {
    ...rest,
    name: dir.slice(dirname(dir).length + 1),
    dir,
    holder,
    kubeconfig: layout.kubeconfig('admin'),
    apiServerUrl: API_SERVER_URL,
    binDir: layout.bin,
    auditLog: layout.auditLog,
    components,
    ...(shape.prometheus ? { prometheusUrl: `http://${PROMETHEUS_ADDRESS}` } : {}),
    ...(shape.istio ? { istiodGrpc: ISTIOD_GRPC_ADDRESS } : {}),
  };
};

/**
 * Makes what is missing (minutes the first time), starts a cluster and resolves when all of it is ready. Rejects with a
 * `HostError` that lists everything this machine lacks, with a compiler's or a component's last lines, or with the
 * signal's reason; in each case nothing is left behind.
 */
export const up = async (options: UpOptions = {}): Promise<Cluster> => {
  const { env = process.env, progress = silentProgress, lifetime = 'process' } = options;
  const signal = options.signal ?? new AbortController().signal;
  const shape = shapeOf(options);
  const names = toolsFor(shape);
  const mode = await requireHost(names, env);
  const { tools, crds } = await ensureTools(names, shape.crds, { env, progress, signal });
  const dir = await claimFolder(options.name ?? `t-${randomBytes(4).toString('hex')}`, env);
  const layout = layoutOf(dir);
  const narration = narrate(progress);
  try {
    const inherited = componentEnv(env, layout);
    const components = planCluster({ layout, shape, tools, crds, env: inherited });
    await writeClusterFiles(layout, options.scrape ?? [], [...tools, ['node', process.execPath]]);
    await writeFile(join(dir, PLAN_FILE), JSON.stringify(components));
    let info: ClusterInfo | undefined;
    const onHolder = async (holder: Holder): Promise<void> => {
      info = describe(dir, holder, { shape, lifetime, mode, components });
      await writeClusterInfo(info);
    };
    await launchNamespace(dir, { mode, env: inherited, lifetime, onEvent: narration.onEvent, onHolder, signal });
    if (info === undefined) throw new Error('the supervisor never said where it runs');
    return clusterOf(info);
  } catch (error) {
    narration.abandon();
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
};

/** The cluster in a folder; without one, the cluster this process runs inside of. Rejects when there is none. */
export const attach = async (dir: string | undefined = process.env[CLUSTER_DIR_VARIABLE]): Promise<Cluster> => {
  if (dir === undefined) throw new Error(`say which cluster: a folder, or ${CLUSTER_DIR_VARIABLE} in the environment`);
  const info = await readClusterInfo(dir);
  if (!(await answers(dir))) throw new Error(`the cluster in ${dir} does not run any more`);
  return clusterOf(info);
};

/** The cluster of that name. */
export const attachByName = (name: string, env: Env = process.env): Promise<Cluster> =>
  attach(join(clustersRoot(env), name)).catch((error: unknown) => {
    throw new Error(`there is no running cluster ${name}`, { cause: error });
  });

/** All clusters of this person. What a killed one left behind is removed on the way. */
export const list = async (env: Env = process.env): Promise<Cluster[]> => {
  const root = clustersRoot(env);
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => look(join(root, name))));
  return found.filter((cluster) => cluster !== undefined);
};

const look = async (dir: string): Promise<Cluster | undefined> => {
  const info = await readClusterInfo(dir).catch(() => undefined);
  if (info !== undefined && (await answers(dir))) return clusterOf(info);
  // From inside a namespace, the processes outside cannot be seen.
  if (process.env[CLUSTER_DIR_VARIABLE] !== undefined) return undefined;
  if (info === undefined) await removeAbandoned(dir);
  else if (!(await isAlive(info.holder.init))) await endCluster(info);
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

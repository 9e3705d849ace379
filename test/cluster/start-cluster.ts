import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CrdBundleName } from './binaries/crds.ts';
import type { ToolName } from './binaries/catalog.ts';
import type { Progress, Step } from './binaries/progress.ts';
import type { Cluster } from './cluster.ts';
import { clusterOf } from './cluster.ts';
import { writeClusterFiles } from './cluster-files.ts';
import type { ClusterInfo } from './cluster-info.ts';
import { writeClusterInfo } from './cluster-info.ts';
import type { ClusterShape, PlanInput } from './cluster-plan.ts';
import type { ComponentSpec } from './component-spec.ts';
import type { BootEvent } from './control-protocol.ts';
import { PLAN_FILE } from './control-protocol.ts';
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
import { identify } from './process-identity.ts';
import type { StaticScrape } from './prometheus-config.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Everything that is prepared before the first process starts. */
export type StartInput = {
  readonly name: string;
  readonly shape: ClusterShape;
  readonly lifetime: 'process' | 'detached';
  readonly mode: NamespaceMode;
  readonly env: Env;
  readonly tools: ReadonlyMap<ToolName, string>;
  readonly crds: ReadonlyMap<CrdBundleName, string>;
  readonly plan: (input: PlanInput) => ComponentSpec[];
  /** Folder with etcd's initial data. */
  readonly template?: string;
  readonly scrape: readonly StaticScrape[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

// The address of a Unix socket has a limited length.
const LONGEST_DIR = 90;
/** Identifies the process that starts the cluster, until there is a cluster file. */
export const STARTER_FILE = 'starter.json';

const claimFolder = async (name: string, env: Env): Promise<string> => {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new Error(`cluster name ${JSON.stringify(name)}: only a-z, 0-9 and -`);
  const dir = join(clustersRoot(env), name);
  if (dir.length > LONGEST_DIR) throw new Error(`${dir} is too long: set SLUICE_CLUSTERS to a shorter folder`);
  await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`there already is a cluster ${name} (${dir}); take it down first, or choose another name`, {
      cause: error,
    });
  }
  // If this process is killed before the namespace exists, `list` can see that the start was abandoned.
  await writeFile(join(dir, STARTER_FILE), JSON.stringify(await identify(process.pid)));
  return dir;
};

/** Turns the supervisor's events into progress steps. */
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

// Components inherit only what they need to find programs and write temporary files.
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

const launch = async (dir: string, input: StartInput): Promise<ClusterInfo> => {
  const { shape, lifetime, mode, env, tools, crds, signal } = input;
  const layout = layoutOf(dir);
  const inherited = componentEnv(env, layout);
  const components = input.plan({ layout, shape, tools, crds, env: inherited });
  await writeClusterFiles(layout, input.scrape, [...tools, ['node', process.execPath]]);
  if (input.template !== undefined) await cp(input.template, layout.etcdData, { recursive: true });
  await writeFile(join(dir, PLAN_FILE), JSON.stringify(components));
  let info: ClusterInfo | undefined;
  const onHolder = async (holder: Holder): Promise<void> => {
    info = describe(dir, holder, { shape, lifetime, mode, components });
    await writeClusterInfo(info);
  };
  const narration = narrate(input.progress);
  try {
    await launchNamespace(dir, { mode, env: inherited, lifetime, onEvent: narration.onEvent, onHolder, signal });
  } catch (error) {
    narration.abandon();
    throw error;
  }
  if (info === undefined) throw new Error('the supervisor never said where it runs');
  return info;
};

/** Starts a cluster and resolves when all of it is ready. If that fails, everything is removed. */
export const startCluster = async (input: StartInput): Promise<Cluster> => {
  const dir = await claimFolder(input.name, input.env);
  try {
    return clusterOf(await launch(dir, input));
  } catch (error) {
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
};

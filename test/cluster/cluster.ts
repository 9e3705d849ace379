import { access, rename, rm, writeFile } from 'node:fs/promises';
import type { Finished } from './binaries/run-command.ts';
import type { ClientProxy, ClientProxyOptions } from './client-proxy.ts';
import { startClientProxy } from './client-proxy.ts';
import type { ClusterInfo } from './cluster-info.ts';
import type { ComponentStatus } from './component-spec.ts';
import { ask } from './control-client.ts';
import type { ExecOptions, Execution, RunInsideOptions } from './execution.ts';
import { execute, executeToEnd } from './execution.ts';
import { layoutOf } from './layout.ts';
import { isAlive, signalProcess } from './process-identity.ts';
import type { StaticScrape } from './prometheus-config.ts';
import { renderStaticTargets } from './prometheus-config.ts';
import { waitUntil } from './wait-until.ts';

export type Component = {
  readonly name: string;
  readonly logFile: string;
  /** Stops it, with SIGKILL after 10 s, and resolves when it is gone. Its data stay. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves when it is ready; rejects with its last log lines. Does nothing if it runs already. */
  start(): Promise<void>;
  isRunning(): Promise<boolean>;
};

/** A running cluster. May be used from outside and inside its namespace, and by several processes at once. */
export type Cluster = ClusterInfo & {
  /** Starts a program inside, with KUBECONFIG set and kubectl, helm and the other tools on PATH. */
  exec(command: string, args?: readonly string[], options?: ExecOptions): Execution;
  /** Runs a program inside to its end; on a timeout, rejects with its output. */
  run(command: string, args?: readonly string[], options?: RunInsideOptions): Promise<Finished>;
  kubectl(...args: string[]): Promise<Finished>;
  /** `kubectl apply -f -` with objects as YAML or as values. Rejects with kubectl's message. */
  apply(manifest: string | readonly object[]): Promise<string>;
  component(name: string): Component;
  status(): Promise<readonly ComponentStatus[]>;
  /**
   * Replaces Prometheus' static targets, which it scrapes in addition to annotated pods. Takes effect within seconds.
   */
  scrape(targets: readonly StaticScrape[]): Promise<void>;
  /** A real Envoy as the sidecar of a client in a namespace. */
  clientProxy(options: ClientProxyOptions): Promise<ClientProxy>;
  /** Ends everything and removes the cluster's folder. Called from inside, it ends the caller too. */
  down(): Promise<void>;
};

const component = (info: ClusterInfo, name: string): Component => ({
  name,
  logFile: layoutOf(info.dir).log(name),
  stop: async (signal = 'SIGTERM') => {
    await ask(info.dir, { op: 'stop', name, signal });
  },
  start: async () => {
    await ask(info.dir, { op: 'start', name });
  },
  isRunning: async () => {
    const { components = [] } = await ask(info.dir, { op: 'status' });
    return components.some((one) => one.name === name && (one.state === 'ready' || one.state === 'starting'));
  },
});

const gone = async (info: ClusterInfo): Promise<boolean> => {
  const folder = await access(info.dir).then(
    () => true,
    () => false,
  );
  return !folder && !(await isAlive(info.holder.unshare));
};

const END = { withinMs: 10_000, everyMs: 20 };

/** Ends a cluster: in order if its supervisor answers, or else by killing the process that holds its namespace. */
export const endCluster = async (info: ClusterInfo): Promise<void> => {
  const orderly = await ask(info.dir, { op: 'down' })
    .then(() => waitUntil(`cluster ${info.name} to be gone`, () => gone(info), END))
    .catch(() => false);
  if (orderly) return;
  await signalProcess(info.holder.init, 'SIGKILL');
  await waitUntil(`cluster ${info.name} to end of SIGKILL`, async () => !(await isAlive(info.holder.init)), END);
  await rm(info.dir, { recursive: true, force: true, maxRetries: 10 });
};

const applyManifest = async (info: ClusterInfo, manifest: string | readonly object[]): Promise<string> => {
  const list = { apiVersion: 'v1', kind: 'List', items: manifest };
  const input = typeof manifest === 'string' ? manifest : JSON.stringify(list);
  const { code, stdout, stderr } = await executeToEnd(info, ['kubectl', 'apply', '-f', '-'], { input });
  if (code !== 0) throw new Error(`kubectl apply failed (exit ${code}): ${stderr}`);
  return stdout;
};

/** The handle of the cluster described by `info`. */
export const clusterOf = (info: ClusterInfo): Cluster => ({
  ...info,
  exec: (command, args = [], options = {}) => execute(info, [command, ...args], options),
  run: (command, args = [], options = {}) => executeToEnd(info, [command, ...args], options),
  kubectl: (...args) => executeToEnd(info, ['kubectl', ...args]),
  apply: (manifest) => applyManifest(info, manifest),
  component: (name) => component(info, name),
  status: async () => (await ask(info.dir, { op: 'status' })).components ?? [],
  scrape: async (targets) => {
    const path = layoutOf(info.dir).scrapeTargets;
    await writeFile(`${path}.new`, renderStaticTargets(targets));
    await rename(`${path}.new`, path);
  },
  clientProxy: (options) => startClientProxy(info, options),
  down: () => endCluster(info),
});

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComponentSpec } from './component-spec.ts';
import { CLUSTER_FILE } from './control-protocol.ts';
import type { Holder } from './launch-namespace.ts';
import type { NamespaceMode } from './namespace.ts';

/** Everything a process needs to use a cluster: the content of its `cluster.json`. */
export type ClusterInfo = {
  readonly name: string;
  readonly dir: string;
  readonly lifetime: 'process' | 'detached';
  readonly mode: NamespaceMode;
  readonly holder: Holder;
  readonly kubeconfig: string;
  readonly apiServerUrl: string;
  readonly binDir: string;
  readonly auditLog: string;
  readonly prometheusUrl?: string;
  readonly istiodGrpc?: string;
  /** The components it was planned with. Only the supervisor knows which ones run now. */
  readonly components: readonly ComponentSpec[];
};

/** Rejects if `dir` has no complete cluster file. */
export const readClusterInfo = async (dir: string): Promise<ClusterInfo> =>
  JSON.parse(await readFile(join(dir, CLUSTER_FILE), 'utf8')) as ClusterInfo;

/** Writes atomically: readers see the old file, the new one or none. */
export const writeClusterInfo = async (info: ClusterInfo): Promise<void> => {
  const path = join(info.dir, CLUSTER_FILE);
  await writeFile(`${path}.new`, JSON.stringify(info, undefined, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
};

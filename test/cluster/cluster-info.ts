import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComponentSpec } from './component-spec.ts';
import { CLUSTER_FILE } from './control-protocol.ts';
import type { Holder } from './launch-namespace.ts';
import type { NamespaceMode } from './namespace.ts';

/** What any process needs to know to use a cluster: the content of its `cluster.json`. */
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
  /** The components it was planned with. What runs now, only the supervisor knows. */
  readonly components: readonly ComponentSpec[];
};

/** Rejects when there is no complete cluster file in `dir`. */
export const readClusterInfo = async (dir: string): Promise<ClusterInfo> =>
  JSON.parse(await readFile(join(dir, CLUSTER_FILE), 'utf8')) as ClusterInfo;

/** Readers see the old file, the new one or none, never half of one. */
export const writeClusterInfo = async (info: ClusterInfo): Promise<void> => {
  const path = join(info.dir, CLUSTER_FILE);
  await writeFile(`${path}.new`, JSON.stringify(info, undefined, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
};

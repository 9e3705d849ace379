import { randomBytes } from 'node:crypto';
import { cp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, cacheKey, cachePlace, cacheRoot } from './binaries/cache.ts';
import { KUBERNETES_VERSION } from './binaries/catalog.ts';
import { silentProgress } from './binaries/progress.ts';
import { planTemplate } from './cluster-plan.ts';
import { layoutOf } from './layout.ts';
import type { StartInput } from './start-cluster.ts';
import { startCluster } from './start-cluster.ts';

type TemplateInput = Omit<StartInput, 'name' | 'lifetime' | 'plan' | 'template'>;

const keyOf = async ({ shape, tools, crds }: TemplateInput): Promise<string> => {
  const definitions = await Promise.all([...crds.values()].map((path) => readFile(path, 'utf8')));
  return cacheKey('etcd-template', KUBERNETES_VERSION, [
    shape.crds,
    definitions,
    tools.get('etcd'),
    tools.get('kube-apiserver'),
  ]);
};

/** Starts a minimal cluster, installs the CRDs, shuts it down and keeps etcd's data. */
const fill = async (entry: string, input: TemplateInput): Promise<void> => {
  const cluster = await startCluster({
    ...input,
    name: `template-${randomBytes(4).toString('hex')}`,
    shape: { ...input.shape, apiServerArgs: [] },
    lifetime: 'process',
    plan: planTemplate,
    progress: silentProgress,
  });
  try {
    await cluster.component('kube-apiserver').stop();
    await cluster.component('etcd').stop();
    const data = join(entry, 'etcd');
    await cp(layoutOf(cluster.dir).etcdData, data, { recursive: true });
    // etcd preallocates the next, empty 64 MiB of its log.
    const log = join(data, 'member', 'wal');
    const spare = (await readdir(log)).filter((name) => name.endsWith('.tmp'));
    await Promise.all(spare.map((name) => rm(join(log, name))));
  } finally {
    await cluster.down();
  }
};

/**
 * A folder with etcd data in which the CRDs are already established, or undefined if none are wanted. Built once and
 * cached: installing the CRDs of Istio and the Gateway API takes more than half of a cluster's start time.
 */
export const ensureEtcdTemplate = async (input: TemplateInput): Promise<string | undefined> => {
  if (input.shape.crds.length === 0 && !input.shape.istio) return undefined;
  const [root, key] = [cacheRoot(input.env), await keyOf(input)];
  const folder = join(await cachePlace(root, key), 'etcd');
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  if (there) return folder;
  const step = input.progress.begin(`preparing the definitions of ${input.shape.crds.join(', ')}`, 15);
  try {
    await cached(root, key, (entry) => fill(entry, input));
    step.done();
    return folder;
  } catch (error) {
    step.fail();
    throw error;
  }
};

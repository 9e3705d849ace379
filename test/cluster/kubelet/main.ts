// A kubelet for a cluster without containers: pods become processes of this host, or nothing at all (--mode instant).
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AddressPool } from './address-pool.ts';
import { createApiClient } from './api-client.ts';
import { canMount } from './can-mount.ts';
import { DataWatch } from './data-watch.ts';
import { EventRecorder } from './event-recorder.ts';
import { parseFlags, USAGE } from './flags.ts';
import type { Flags } from './flags.ts';
import { followList } from './follow-list.ts';
import { InstantPod } from './instant-pod.ts';
import type { Pod } from './kube-types.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { Leftovers } from './leftovers.ts';
import type { NodeContext } from './node-context.ts';
import { registerNode } from './node-object.ts';
import { PodTable } from './pod-table.ts';
import { PodWorker } from './pod-worker.ts';

async function createNode(flags: Flags): Promise<NodeContext> {
  const workDir = resolve(flags.workDir);
  const binDir = resolve(flags.binDir);
  mkdirSync(workDir, { recursive: true });
  const api = createApiClient(await readKubeconfig(flags.kubeconfig), 'sluice-kubelet');
  return {
    name: flags.node,
    api,
    addresses: new AddressPool(flags.podCidr),
    data: new DataWatch(api),
    events: new EventRecorder(api, flags.node),
    leftovers: new Leftovers(workDir),
    binDir,
    workDir,
    backoffMs: flags.restartBackoffMs,
    canMount: flags.mode === 'process' && (await canMount(join(binDir, 'sluice-testapp'), workDir)),
  };
}

async function run(flags: Flags): Promise<void> {
  const node = await createNode(flags);
  const ended = node.leftovers.endAll();
  if (ended > 0) console.log(`ended ${ended} processes that an earlier kubelet left`);
  const labels = await registerNode(node.api, node.name, node.addresses.node);
  const create = (pod: Pod) => (flags.mode === 'instant' ? new InstantPod(pod, node) : new PodWorker(pod, node));
  const table = new PodTable(node, labels, create);
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
    table.killNow();
    process.exit(0);
  };
  process.on('SIGTERM', end).on('SIGINT', end);
  await followList<Pod>(
    node.api,
    '/api/v1/pods',
    {
      onChange: (change) => table.take(change),
      onSynced: () => console.log(`kubelet ready: node ${node.name}, mode ${flags.mode}, mounts ${node.canMount}`),
      onTrouble: (error) => console.error(`watching pods: ${error.message}`),
    },
    stop.signal,
  );
}

try {
  await run(parseFlags(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof TypeError || (error instanceof Error && error.message.includes('--'))) console.error(USAGE);
  process.exit(1);
}

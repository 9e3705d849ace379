/**
 * What a release costs the API server: requests of one release of five steps through Istio, and of 30 s of idling, with
 * the resident memory of webhook and controller in one process. Runs inside a test cluster; `npm run bench:requests`
 * brings one up.
 */
import { readdir, readFile } from 'node:fs/promises';
import { up } from '../test/cluster/up.ts';
import { app, service, virtualService } from '../test/support/manifests.ts';
import { Stage } from '../test/support/stage.ts';
import { startWriteCounter } from '../test/support/write-counter.ts';

const inside = process.env['SLUICE_CLUSTER_DIR'] !== undefined;
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '10,20,30,40,50',
  'sluice.dev/interval': '3s',
};
const idleSeconds = 30;

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

const residentMiB = async (namespace: string): Promise<number> => {
  for (const pid of await readdir('/proc')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('src/main.ts') || !command.includes(namespace)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }
  return 0;
};

const measure = async (): Promise<void> => {
  const stage = await Stage.set('requests');
  const counter = await startWriteCounter(stage.cluster.kubeconfig);
  await stage.sluice({ kubeconfig: counter.kubeconfig });
  await stage.apply(service(), virtualService(), app({ version: 'v1', replicas: 2, annotations }));
  await stage.untilRolledOut();
  await stage.load({ rps: 40 });
  counter.takeCounts();
  await stage.apply(app({ version: 'v2', replicas: 2, annotations }));
  await stage.untilPhase('Succeeded');
  // Events are sent from a queue of their own, a moment later.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const release = counter.takeCounts();
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const idle = counter.takeCounts();
  const rssMiB = await residentMiB(stage.namespace);
  await counter.close();
  await stage.strike();
  process.stdout.write(
    `${JSON.stringify({ requestsPerRelease: sum(release), release, idleRequests: sum(idle), idleSeconds, rssMiB })}\n`,
  );
};

if (inside) {
  await measure();
  process.exit(0);
} else {
  const cluster = await up({ name: `bench-${process.pid}`, lifetime: 'process' });
  const { code } = await cluster.exec(process.execPath, ['bench/requests.ts'], { stdio: 'inherit' }).ended;
  await cluster.down();
  process.exit(code ?? 1);
}

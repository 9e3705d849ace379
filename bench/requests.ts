/**
 * What a release costs the API server: requests of one release of five steps through Istio, and of 30 s of idling, of two
 * controllers of which one works; and the resident memory of both. The webhook is in this process, and not counted: it
 * watches, and asks nothing. Runs inside a test cluster; `npm run bench:requests` brings one up.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { up } from '../test/cluster/up.ts';
import { pause } from '../test/cluster/pause.ts';
import { startAdmission } from '../test/support/admission-webhook.ts';
import { candidateRights, isLeading, startCandidate, type Candidate } from '../test/support/candidates.ts';
import { app, service, virtualService } from '../test/support/manifests.ts';
import { Stage } from '../test/support/stage.ts';

/** As the image has it: the compiler for types that Node brings would be 28 MiB of what is measured. */
const program = 'dist/main.js';
/** What the chart gives the controller. */
const options = ['--max-semi-space-size=2'];

const inside = process.env['SLUICE_CLUSTER_DIR'] !== undefined;
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '10,20,30,40,50',
  'sluice.dev/interval': '3s',
  // A step of 3 s at 10 % of 40 requests a second has twelve: one round each, as the others are measured.
  'sluice.dev/min-requests': '1',
};
const idleSeconds = 30;

type Counts = Readonly<Record<string, number>>;
const sum = (counts: Counts): number => Object.values(counts).reduce((a, b) => a + b, 0);

/** Of the processes whose command line has the namespace in it. */
const residentMiB = async (namespace: string): Promise<readonly number[]> => {
  const found: number[] = [];
  for (const pid of await readdir('/proc')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(program) || !command.includes(namespace)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    found.push(Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024));
  }
  return found;
};

/** Requests of all since the last call: what renews the lease, and the rest. */
const taken = (candidates: readonly Candidate[]): { readonly lease: Counts; readonly rest: Counts } => {
  const [lease, rest]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const { counter } of candidates)
    for (const [request, count] of Object.entries(counter.takeCounts())) {
      const into = request.endsWith(' leases') ? lease : rest;
      into[request] = (into[request] ?? 0) + count;
    }
  return { lease, rest };
};

const table = (counts: Counts): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([request, count]) => `${String(count).padStart(5)}  ${request}\n`)
    .join('');

/** The program, compiled. */
const build = async (): Promise<void> => {
  const compiler = 'node_modules/typescript/bin/tsc';
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck']);
};

const measure = async (): Promise<void> => {
  const stage = await Stage.set('requests');
  const admission = await startAdmission(stage.cluster, `${stage.namespace}-webhook`, {
    clusterWide: true,
    others: [stage.namespace],
  });
  await stage.apply(...candidateRights(stage.namespace));
  const leader = await startCandidate(stage, 'leader', [...options, program]);
  await stage.until('the leader', () => isLeading(leader));
  const candidates = [leader, await startCandidate(stage, 'standby', [...options, program])];
  await stage.apply(service(), virtualService(), app({ version: 'v1', replicas: 2, annotations }));
  await stage.untilRolledOut();
  await stage.load({ rps: 40 });
  taken(candidates);
  await stage.apply(app({ version: 'v2', replicas: 2, annotations }));
  await stage.untilPhase('Succeeded');
  // Events are sent from a queue of their own, a moment later.
  await pause(2000);
  const release = taken(candidates).rest;
  await pause(idleSeconds * 1000);
  const idle = taken(candidates);
  const rssMiB = await residentMiB(stage.namespace);
  await stage.teardown();
  for (const { counter } of candidates) await counter.close();
  await admission.kubectl(['delete', 'clusterrole,clusterrolebinding', stage.namespace]);
  await admission.stop();
  const results = {
    requestsPerRelease: sum(release),
    release,
    idleRequests: sum(idle.rest),
    idle: idle.rest,
    leaseRequests: sum(idle.lease),
    idleSeconds,
    rssMiB,
  };
  process.stdout.write(`one release of five steps:\n${table(release)}${JSON.stringify(results)}\n`);
};

if (inside) {
  await measure();
  process.exit(0);
} else {
  await build();
  const cluster = await up({ name: `bench-${process.pid}`, lifetime: 'process' });
  const { code } = await cluster.exec(process.execPath, ['bench/requests.ts'], { stdio: 'inherit' }).ended;
  await cluster.down();
  process.exit(code ?? 1);
}

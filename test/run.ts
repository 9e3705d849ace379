/**
 * `npm test`: everything, with all its own set-up. Stages in the order in which they are cheapest to fail; the last line is
 * `N passed, N failed, N skipped`. `npm test -- unit contract` runs some of them.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOOLS } from './cluster/binaries/catalog.ts';
import { CRD_BUNDLES, type CrdBundleName } from './cluster/binaries/crds.ts';
import { ensureTools } from './cluster/binaries/ensure-tools.ts';
import { progressOn } from './cluster/binaries/progress.ts';
import type { Cluster } from './cluster/cluster.ts';
import { requireHost } from './cluster/host-checks.ts';
import { up } from './cluster/up.ts';

type Counts = { passed: number; failed: number; skipped: number };
type JestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
};

const node = process.execPath;
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const scratch = await mkdtemp(join(tmpdir(), 'sluice-test-'));
// The tests start Sluice and its plugin some hundred times: each would parse the same files again.
process.env['NODE_COMPILE_CACHE'] ??= join(scratch, 'compiled');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const run = (command: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });

/** Checks that pass or fail as a whole count as one test each. They run side by side; what one says is shown when it is done. */
const check = async (name: string, ...args: readonly string[]): Promise<void> => {
  const start = Date.now();
  const { code, output } = await capture(node, args);
  say(`${output}${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - start) / 1000).toFixed(0)} s)`);
  if (code === 0) counts.passed += 1;
  else counts.failed += 1;
};

const capture = (command: string, args: readonly string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });

const bin = (path: string): string => join('node_modules', path);
const staticChecks = async (): Promise<void> => {
  await Promise.all([
    check('lint', bin('eslint/bin/eslint.js'), '.'),
    check('format', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'),
    check('types', bin('typescript/bin/tsc'), '--noEmit'),
    check('generated files', 'src/main/generate.ts', '--check'),
    // The types of the very same files are checked above.
    check(
      'build',
      bin('typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--noCheck',
      '--outDir',
      join(scratch, 'dist'),
    ),
  ]);
};

const addReport = async (file: string, code: number): Promise<void> => {
  const report = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as JestReport,
    () => undefined,
  );
  counts.passed += report?.numPassedTests ?? 0;
  counts.skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const failed = (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 0);
  // A runner that fails without a failed test (out of memory, no test found) has still failed.
  counts.failed += code !== 0 && failed === 0 ? 1 : failed;
};

const pure = new Set(['unit', 'contract']);
const jestArgs = (projects: readonly string[], file: string, workers: number): string[] => [
  ...jest,
  '--selectProjects',
  ...projects,
  '--json',
  `--outputFile=${file}`,
  `--maxWorkers=${workers}`,
  // This only ends what hangs, also on a busy machine. What talks to a real cluster waits for conditions, each with its
  // own deadline.
  `--testTimeout=${projects.every((project) => pure.has(project)) ? 30_000 : 180_000}`,
];

const jestHere = async (projects: readonly string[], workers = availableParallelism()): Promise<void> => {
  const file = join(scratch, `${projects.join('-')}.json`);
  await addReport(file, await run(node, jestArgs(projects, file, workers)));
};

/** Built or fetched before anything that needs one runs: a test that waits for a compiler would run out of its time. */
const binaries = async (): Promise<void> => {
  const names = TOOLS.map(({ name }) => name);
  await requireHost(names, process.env);
  const signal = new AbortController().signal;
  const bundles = Object.keys(CRD_BUNDLES) as CrdBundleName[];
  await ensureTools(names, bundles, { env: process.env, progress: progressOn(process.stdout), signal });
  counts.passed += 1;
};

/** Inside a cluster of its own, which goes with this process however it ends. */
const jestInCluster = async (projects: readonly string[], workers: number): Promise<void> => {
  const cluster = await theCluster();
  const file = join(scratch, `${projects.join('-')}.json`);
  const execution = cluster.exec(node, jestArgs(projects, file, workers), { stdio: ['ignore', 'inherit', 'inherit'] });
  const { code } = await execution.ended;
  await addReport(file, code ?? 1);
};

let cluster: Promise<Cluster> | undefined;
const theCluster = (): Promise<Cluster> => (cluster ??= up({ name: `test-${process.pid}`, lifetime: 'process' }));

/** Runs, side by side with others, those of the stages it is made of that are wanted. */
type Lane = { readonly stages: readonly string[]; readonly run: (stages: readonly string[]) => Promise<void> };

// What is cheap to fail comes first. What talks to a cluster has one wave after the other, and in each no more at a time
// than two processors carry: stories under live load say something only where the machine keeps up with them.
const waves: readonly (readonly Lane[])[] = [
  [
    { stages: ['static'], run: staticChecks },
    { stages: ['unit'], run: jestHere },
  ],
  [{ stages: ['binaries'], run: binaries }],
  [{ stages: ['contract', 'kit'], run: (stages) => jestHere(stages, 2) }],
  [{ stages: ['integration', 'e2e'], run: (stages) => jestInCluster(stages, 3) }],
];

const chosen = process.argv.slice(2);
const known = waves.flatMap((lanes) => lanes.flatMap(({ stages }) => stages));
const unknown = chosen.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  say(`no such stage: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
const wanted = chosen.length === 0 ? known : chosen;
const needsBinaries = ['contract', 'kit', 'integration', 'e2e'].some((name) => wanted.includes(name));

const runLane = async (lane: Lane): Promise<void> => {
  const stages = lane.stages.filter((name) => wanted.includes(name) || (name === 'binaries' && needsBinaries));
  if (stages.length === 0) return;
  const [name, start] = [stages.join(' and '), Date.now()];
  say(`\n=== ${name}`);
  await lane.run(stages);
  say(`=== ${name}: ${((Date.now() - start) / 1000).toFixed(0)} s`);
};

/** All to their end, before the cluster goes: what one of them breaks off with does not cut the others short. */
const runWave = async (lanes: readonly Lane[]): Promise<void> => {
  const ends = await Promise.allSettled(lanes.map(runLane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
};

try {
  for (const lanes of waves) await runWave(lanes);
} catch (error) {
  counts.failed += 1;
  say(`the run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
} finally {
  await (await cluster?.catch(() => undefined))?.down();
  await rm(scratch, { recursive: true, force: true });
}
say(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

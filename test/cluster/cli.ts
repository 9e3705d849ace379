import { Command, Option } from 'commander';
import { cacheRoot } from './binaries/cache.ts';
import type { CrdBundleName } from './binaries/crds.ts';
import { CRD_BUNDLES } from './binaries/crds.ts';
import { TOOLS } from './binaries/catalog.ts';
import { ensureTools, locateTools } from './binaries/ensure-tools.ts';
import { progressOn } from './binaries/progress.ts';
import { endWithReader } from './closed-output.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterShape } from './cluster-plan.ts';
import type { ComponentStatus } from './component-spec.ts';
import { attachByName, list, up } from './up.ts';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** A signal that aborts on an interrupt so that everything stops in order, and the matching exit code. */
const interruption = (): { signal: AbortSignal; code: () => number | undefined } => {
  const controller = new AbortController();
  let code: number | undefined;
  for (const [name, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.once(name, () => {
      code = 128 + number;
      controller.abort(new Error(`interrupted by ${name}; nothing is left behind`));
    });
  }
  return { signal: controller.signal, code: () => code };
};

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
};

type UpFlags = {
  name: string;
  istio: boolean;
  prometheus: boolean;
  kubelet: ClusterShape['kubelet'];
  crds?: CrdBundleName[];
};

const report = ({ name, kubeconfig, prometheusUrl }: Cluster): void => {
  const exec = `npm run cluster -- exec${name === 'default' ? '' : ` --name ${name}`}`;
  say(`cluster ${name} is up`);
  if (prometheusUrl !== undefined) say(`prometheus (inside): ${prometheusUrl}`);
  say(`kubeconfig (inside): ${kubeconfig}`);
  say(`try:  ${exec} kubectl get nodes`);
  say(`      ${exec} bash`);
};

const bringUp = async ({ crds, ...flags }: UpFlags): Promise<void> => {
  const running = (await list()).find(({ name }) => name === flags.name);
  if (running !== undefined) {
    report(running);
    return;
  }
  const { signal, code } = interruption();
  try {
    const progress = progressOn(process.stdout);
    report(await up({ ...flags, ...(crds === undefined ? {} : { crds }), lifetime: 'detached', progress, signal }));
  } catch (error) {
    process.exitCode = code() ?? 1;
    process.stderr.write(`${(error as Error).message}\n`);
  }
};

const takeDown = async ({ name, all }: { name: string; all?: true }): Promise<void> => {
  const running = await list();
  const chosen = running.filter((cluster) => all ?? cluster.name === name);
  if (chosen.length === 0) say(all ? 'no cluster runs' : `no cluster ${name} runs`);
  await Promise.all(chosen.map((cluster) => cluster.down()));
  for (const cluster of chosen) say(`cluster ${cluster.name} is gone`);
};

const health = ({ state, healthy }: ComponentStatus): string => {
  if (state === 'done') return 'ok';
  if (healthy === undefined) return '-';
  return healthy ? 'ok' : 'FAILING';
};

const row = (one: ComponentStatus): readonly string[] => [
  one.name,
  one.state,
  one.pid === undefined ? '-' : String(one.pid),
  one.residentBytes === undefined ? '-' : `${Math.round(one.residentBytes / 2 ** 20)} MiB`,
  health(one),
  one.ended ?? '-',
  one.logFile,
];

const showStatus = async ({ name }: { name: string }): Promise<void> => {
  const components = await (await attachByName(name)).status();
  say(table([['COMPONENT', 'STATE', 'PID', 'MEMORY', 'HEALTH', 'ENDED', 'LOG'], ...components.map(row)]));
  if (!components.every((one) => health(one) === 'ok')) process.exitCode = 1;
};

const showList = async (): Promise<void> => {
  const clusters = await list();
  const rows = clusters.map(({ name, lifetime, dir }) => [name, lifetime, dir]);
  say(clusters.length === 0 ? 'no cluster runs' : table([['NAME', 'LIFETIME', 'FOLDER'], ...rows]));
};

// The exit code of `env` and container engines for a program that could not be started.
const COULD_NOT_START = 125;

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

const execInside = async (command: readonly string[], { name }: { name: string }): Promise<void> => {
  const cluster = await attachByName(name).catch((error: unknown) => {
    process.exitCode = COULD_NOT_START;
    process.stderr.write(`${(error as Error).message}; start it with: npm run cluster -- up --name ${name}\n`);
  });
  if (cluster === undefined) return;
  const [program = '', ...args] = command;
  const execution = cluster.exec(program, args, { stdio: 'inherit', atTerminal: process.stdin.isTTY });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // A terminal sends SIGINT to the program as well, so it is not forwarded.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : void execution.kill(signal)));
  }
  const { code, signal } = await execution.ended;
  process.exitCode = code ?? 128 + (signalNumbers[signal ?? 'SIGKILL'] ?? 0);
};

const componentCommand =
  (verb: 'start' | 'stop') =>
  async (component: string, { name }: { name: string }): Promise<void> => {
    await (await attachByName(name)).component(component)[verb]();
  };

const startProxy = async (flags: { name: string; namespace: string; port: number }): Promise<void> => {
  const cluster = await attachByName(flags.name);
  const proxy = await cluster.clientProxy({ namespace: flags.namespace, listenPort: flags.port });
  const exec = `npm run cluster -- exec${flags.name === 'default' ? '' : ` --name ${flags.name}`}`;
  say(`${proxy.name} is the sidecar of a client in namespace ${flags.namespace}: ${proxy.url} (inside)`);
  say(`try:  ${exec} sluice-testapp load --url ${proxy.url}/ --host <service> --rps 50 --duration 10s`);
};

const port = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error(`${text} is not a port`);
  return number;
};

const showBinaries = async ({ make }: { make?: true }): Promise<void> => {
  const names = TOOLS.map((tool) => tool.name);
  const { signal, code } = interruption();
  if (make) {
    const progress = progressOn(process.stdout);
    const bundles = Object.keys(CRD_BUNDLES) as CrdBundleName[];
    await ensureTools(names, bundles, { env: process.env, progress, signal }).catch((error: unknown) => {
      process.exitCode = code() ?? 1;
      process.stderr.write(`${(error as Error).message}\n`);
    });
  }
  const located = await locateTools(names, process.env);
  const rows = located.map(({ tool, origin, path }) => [
    tool.name,
    tool.version,
    origin,
    origin === 'missing' ? '-' : path,
  ]);
  say(table([['PROGRAM', 'VERSION', 'FROM', 'PATH'], ...rows]));
  say(`cache: ${cacheRoot(process.env)}`);
};

const named = (command: Command): Command => command.option('--name <name>', 'which cluster', 'default');

const bundleList = (text: string): CrdBundleName[] => {
  const names = text.split(',').filter(Boolean);
  const unknown = names.filter((name) => !(name in CRD_BUNDLES));
  if (unknown.length > 0)
    throw new Error(`no definitions of ${unknown.join(', ')}; there are ${Object.keys(CRD_BUNDLES).join(', ')}`);
  return names as CrdBundleName[];
};

const program = new Command('cluster')
  .description(
    'Real test clusters without containers: each in its own network namespace, all of them processes of this machine.',
  )
  .enablePositionalOptions()
  .showHelpAfterError();

named(program.command('up'))
  .description(
    'start a cluster that stays until it is taken down (the first time builds its programs: 15 to 30 minutes)',
  )
  .option('--no-istio', 'without istiod')
  .option('--no-prometheus', 'without Prometheus')
  .addOption(
    new Option('--kubelet <mode>', 'how pods run: as processes, only claiming to run, not at all')
      .choices(['process', 'instant', 'none'])
      .default('process'),
  )
  .option('--crds <bundles>', `comma-separated, of ${Object.keys(CRD_BUNDLES).join(', ')}`, bundleList)
  .action(bringUp);

named(program.command('down'))
  .description('end a cluster; nothing of it stays')
  .option('--all', 'end all clusters')
  .action(takeDown);

named(program.command('status'))
  .description('each component with its process, memory and health; exit code 1 when one is not healthy')
  .action(showStatus);

named(program.command('exec'))
  .description('run a program inside: its input, output, signals and exit code are passed through')
  .argument('<command...>', 'for example: kubectl get pods -A')
  .passThroughOptions()
  .action(execInside);

named(program.command('stop'))
  .description('stop one component; its data stay')
  .argument('<component>')
  .action(componentCommand('stop'));
named(program.command('start'))
  .description('start a stopped component')
  .argument('<component>')
  .action(componentCommand('start'));

named(program.command('proxy'))
  .description('start an Envoy as the sidecar of a client; requests to it follow the routes of the mesh')
  .option('--namespace <namespace>', "the client's namespace", 'default')
  .option('--port <port>', 'port of the Services it calls', port, 80)
  .action(startProxy);

program.command('list').description('the clusters that run').action(showList);

program
  .command('binaries')
  .description('the programs of a cluster, and where each comes from')
  .option('--make', 'make what is missing, without starting anything')
  .action(showBinaries);

endWithReader(process.stdout, (code) => process.exit(code));
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(`${(error as Error).message}\n`);
});

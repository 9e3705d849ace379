/** @long 70 s */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../cluster/binaries/repository.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterInfo } from '../cluster/cluster-info.ts';
import { readClusterInfo } from '../cluster/cluster-info.ts';
import { attach, list, up } from '../cluster/up.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';

jest.setTimeout(240_000);

// The smallest cluster: what is tested here is how clusters live and die, not what runs in them.
const small = { istio: false, prometheus: false, kubelet: 'none', crds: [] } as const;

let root: string;
let env: NodeJS.ProcessEnv;
let children: ChildProcess[];

const begin = async (): Promise<void> => {
  root = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  env = { ...process.env, SLUICE_CLUSTERS: root };
  children = [];
};

const end = async (): Promise<void> => {
  for (const child of children) child.kill('SIGKILL');
  for (const cluster of await list(env)) await cluster.down();
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
};

/** A folder for clusters of their own for each of these tests. */
const eachAlone = (): void => {
  beforeEach(begin);
  afterEach(end);
};

const run = (...args: string[]): ChildProcess => {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: REPOSITORY });
  children.push(child);
  return child;
};

const cli = (...args: string[]): ChildProcess => run(join(REPOSITORY, 'test', 'cluster', 'cli.ts'), ...args);

const finish = async (child: ChildProcess): Promise<{ code: number | null; output: string }> => {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const [code] = await inTime(`${child.spawnargs.slice(1, 4).join(' ')} to end`, closed, {
    withinMs: 180_000,
    seen: () => output,
  });
  return { code, output };
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Processes whose network namespace is the given one, as seen from here. */
const processesIn = async (netns: string): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const namespaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return pids.filter((_, index) => namespaces[index] === netns);
};

const expectNothingLeft = async ({ dir, holder }: ClusterInfo): Promise<void> => {
  await waitUntil('the processes to end', async () => (await processesIn(holder.netns)).length === 0);
  await waitUntil('the folder to go', async () => !(await exists(dir)));
  await waitUntil('the starter of the namespace to end', async () => !(await exists(`/proc/${holder.unshare.pid}`)));
  expect(await list(env)).toEqual([]);
};

const startAsOtherProcess = async (): Promise<{ child: ChildProcess; info: ClusterInfo }> => {
  const script = join(root, 'starter.ts');
  const module = join(REPOSITORY, 'test', 'cluster', 'up.ts');
  const options = JSON.stringify({ ...small, name: 'other', lifetime: 'process' });
  // The timer keeps the process alive, as a test run in progress would be.
  await writeFile(
    script,
    `import { up } from ${JSON.stringify(module)};\nconst { dir } = await up(${options});\nconsole.log(dir);\nsetInterval(() => undefined, 1e6);\n`,
  );
  const child = run(script);
  const told = Promise.race([
    once(child.stdout!, 'data').then(([chunk]) => String(chunk).trim()),
    finish(child).then(({ output }) => Promise.reject(new Error(output))),
  ]);
  const dir = await inTime('the other process to have its cluster', told, { withinMs: 180_000 });
  return { child, info: await readClusterInfo(dir) };
};

describe('a cluster that lives as long as the process that started it', () => {
  eachAlone();

  test('leaves no process, namespace or folder when that process is killed', async () => {
    const { child, info } = await startAsOtherProcess();
    expect((await processesIn(info.holder.netns)).length).toBeGreaterThan(3);
    expect((await (await attach(info.dir)).kubectl('get', 'namespaces')).code).toBe(0);
    child.kill('SIGKILL');
    await expectNothingLeft(info);
  });

  test('ends what runs inside it too', async () => {
    const { child, info } = await startAsOtherProcess();
    const inside = (await attach(info.dir)).exec('sleep', ['1000']);
    const before = (await processesIn(info.holder.netns)).length;
    child.kill('SIGTERM');
    expect(await inTime('what runs inside to end', inside.ended)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(before).toBeGreaterThan(4);
    await expectNothingLeft(info);
  });
});

describe('a killed namespace', () => {
  eachAlone();

  test.each(['init', 'unshare'] as const)(
    'killing its %s process ends all others; list sweeps the folder',
    async (holder) => {
      const cluster = await up({ ...small, name: 'victim', env });
      process.kill(cluster.holder[holder].pid, 'SIGKILL');
      await waitUntil('the processes to end', async () => (await processesIn(cluster.holder.netns)).length === 0);
      expect(await list(env)).toEqual([]);
      expect(await exists(cluster.dir)).toBe(false);
    },
  );
});

describe('clusters side by side', () => {
  eachAlone();

  test('have the same addresses and know nothing of each other', async () => {
    const [one, two] = await Promise.all([up({ ...small, name: 'one', env }), up({ ...small, name: 'two', env })]);
    expect(one.apiServerUrl).toBe(two.apiServerUrl);
    expect((await one.kubectl('create', 'namespace', 'only-in-one')).code).toBe(0);
    expect((await two.kubectl('get', 'namespace', 'only-in-one')).stderr).toMatch(/not found/);
    expect((await list(env)).map(({ name }) => name).sort()).toEqual(['one', 'two']);
    await one.down();
    expect(await exists(one.dir)).toBe(false);
    expect((await two.kubectl('get', 'namespaces')).code).toBe(0);
    await two.down();
    await expectNothingLeft(two);
  });
});

describe('starting', () => {
  eachAlone();

  test('an interrupt while it starts leaves nothing and says so', async () => {
    const child = cli('up', '--name', 'interrupted', '--kubelet', 'none', '--crds', '');
    const finished = finish(child);
    const info = await waitUntil('the namespace', () =>
      readClusterInfo(join(root, 'sluice-clusters', 'interrupted')).catch(() => undefined),
    );
    child.kill('SIGINT');
    const { code, output } = await finished;
    expect(code).toBe(130);
    expect(output).toMatch(/interrupted by SIGINT; nothing is left behind/);
    await expectNothingLeft(info);
  });

  test('a component that cannot start is named with its last words, and nothing is left', async () => {
    const bad = up({ ...small, name: 'bad', env, apiServerArgs: ['--no-such-flag'] });
    await expect(bad).rejects.toThrow(
      /kube-apiserver ended \(exit 1\) before it was ready:[^]*unknown flag: --no-such-flag/,
    );
    expect(await exists(join(root, 'sluice-clusters', 'bad'))).toBe(false);
  });
});

describe('the command line', () => {
  eachAlone();

  test('up outlives its own process; exec passes everything through; down leaves nothing', async () => {
    const started = await finish(
      cli('up', '--name', 'cli', '--no-istio', '--no-prometheus', '--kubelet', 'none', '--crds', ''),
    );
    expect(started).toMatchObject({ code: 0 });
    expect(started.output).toMatch(/kubeconfig \(inside\): .*\/cli\/kubeconfig\ntry: /);
    const info = await readClusterInfo(join(root, 'sluice-clusters', 'cli'));
    expect((await stat(info.kubeconfig)).mode & 0o077).toBe(0);

    const inside = await finish(cli('exec', '--name', 'cli', 'kubectl', 'get', 'namespaces', '-o', 'name'));
    expect(inside).toMatchObject({ code: 0 });
    expect(inside.output).toMatch(/^namespace\/default$/m);
    expect(await finish(cli('exec', '--name', 'cli', 'sh', '-c', 'pwd; exit 7'))).toEqual({
      code: 7,
      output: `${REPOSITORY}\n`,
    });

    expect(await finish(cli('status', '--name', 'cli'))).toMatchObject({ code: 0 });
    expect(await finish(cli('stop', '--name', 'cli', 'etcd'))).toMatchObject({ code: 0 });
    expect(await finish(cli('status', '--name', 'cli'))).toMatchObject({ code: 1 });

    expect(await finish(cli('down', '--name', 'cli'))).toMatchObject({ code: 0 });
    await expectNothingLeft(info);
    expect(await finish(cli('exec', '--name', 'cli', 'true'))).toMatchObject({ code: 125 });
  });
});

describe('a running cluster', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    await begin();
    cluster = await up({ ...small, name: 'running', env });
  });
  afterAll(end);

  test('keeps its name for itself: another of that name is refused, and it is untouched', async () => {
    await expect(up({ ...small, name: 'running', env })).rejects.toThrow(/already is a cluster running/);
    expect((await cluster.kubectl('get', 'namespaces')).code).toBe(0);
  });

  test('a signal to exec reaches the program, which may end in its own way', async () => {
    const child = cli(
      'exec',
      '--name',
      'running',
      'sh',
      '-c',
      'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.1; done',
    );
    const finished = finish(child);
    await inTime('the program to start', once(child.stdout!, 'data'));
    child.kill('SIGTERM');
    expect(await finished).toEqual({ code: 3, output: 'ready\nbye\n' });
  });

  test('a program finds its cluster by the environment and can stop and start components', async () => {
    const module = join(REPOSITORY, 'test', 'cluster', 'up.ts');
    const script = join(root, 'inside.ts');
    await writeFile(
      script,
      `import { attach } from ${JSON.stringify(module)};
       const cluster = await attach();
       const api = cluster.component('kube-apiserver');
       await cluster.kubectl('create', 'namespace', 'kept');
       await api.stop('SIGKILL');
       console.log(await api.isRunning(), (await cluster.kubectl('get', 'namespace', 'kept')).code);
       await api.start();
       console.log(await api.isRunning(), (await cluster.kubectl('get', 'namespace', 'kept', '-o', 'name')).stdout);`,
    );
    const { code, stdout, stderr } = await cluster.run(process.execPath, [script]);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'false 1\ntrue namespace/kept\n\n' });
    expect(await readFile(cluster.component('kube-apiserver').logFile, 'utf8')).not.toBe('');
  });
});

import type { ChildProcess, StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Finished } from './binaries/run-command.ts';
import type { ClusterInfo } from './cluster-info.ts';
import { CLUSTER_DIR_VARIABLE, layoutOf } from './layout.ts';
import { inTime } from './in-time.ts';
import { nsenterArgs } from './namespace.ts';
import { pause } from './pause.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { childrenOf, identify, isAlive, signalProcess } from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

export type ExecOptions = {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdio?: StdioOptions;
  /**
   * At a terminal, an interrupt ends nsenter at once, while the program itself may take longer. With this option,
   * `ended` also waits for the program.
   */
  readonly atTerminal?: boolean;
};

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A program that runs inside a cluster. */
export type Execution = {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** How it ended. Rejects if it could not be started. */
  readonly ended: Promise<Ending>;
  /** Signals the program itself, not nsenter. */
  kill(signal?: NodeJS.Signals): Promise<void>;
};

type Env = Record<string, string | undefined>;

/**
 * The environment of programs inside: the cluster's kubeconfig and tools, and no proxy, since the outside is
 * unreachable.
 */
export const environmentInside = (info: ClusterInfo, env: Env): Env => {
  const kept = Object.entries(env).filter(([name]) => !/^(https?|all)_proxy$/i.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: `${info.binDir}:${env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}`,
    KUBECONFIG: info.kubeconfig,
    // All clusters have the same address, by which kubectl keys its cache.
    KUBECACHEDIR: layoutOf(info.dir).kubectlCache,
    [CLUSTER_DIR_VARIABLE]: info.dir,
  };
};

/** Whether this process is in the cluster's namespace already. */
export const isInside = ({ holder }: ClusterInfo): boolean => {
  try {
    return readlinkSync('/proc/self/ns/net') === holder.netns;
  } catch {
    return false;
  }
};

// Entering another mount namespace loses the working directory.
const ENTER = 'cd -- "$0" && exec "$@"';

const start = (info: ClusterInfo, command: readonly string[], options: ExecOptions): ChildProcess => {
  const cwd = options.cwd ?? process.cwd();
  const env = environmentInside(info, { ...process.env, ...options.env });
  const shell = ['-c', ENTER, cwd, ...command];
  const stdio = options.stdio ?? 'pipe';
  if (isInside(info)) return spawn('sh', shell, { env, stdio });
  return spawn('nsenter', [...nsenterArgs(info.mode, info.holder.init.pid), 'sh', ...shell], { env, stdio });
};

// nsenter stays as the program's parent and does not forward signals.
const carried = async (child: ChildProcess): Promise<ProcessIdentity | undefined> => {
  const found = await waitUntil(
    `${child.spawnargs.at(-1) ?? 'a program'} to start inside the cluster`,
    async () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'ended';
      const [pid] = await childrenOf(child.pid);
      return pid;
    },
    { everyMs: 5 },
  );
  return found === 'ended' ? undefined : identify(found);
};

/** Starts a program in the cluster's namespace, by default in this process's working directory. */
export const execute = (info: ClusterInfo, command: readonly string[], options: ExecOptions = {}): Execution => {
  const child = start(info, command, options);
  const exited = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const inside = isInside(info);
  const program = options.atTerminal && !inside ? carried(child) : undefined;
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: program === undefined ? exited : exited.then(async (ending) => untilGone(await program, ending)),
    kill: async (signal = 'SIGTERM') => {
      if (inside) child.kill(signal);
      else await signalTo(await (program ?? carried(child)), signal);
    },
  };
};

const signalTo = async (program: ProcessIdentity | undefined, signal: NodeJS.Signals): Promise<void> => {
  if (program !== undefined) await signalProcess(program, signal);
};

const untilGone = async (program: ProcessIdentity | undefined, ending: Ending): Promise<Ending> => {
  // No timeout: at a terminal, the user decides how long to wait.
  while (program !== undefined && (await isAlive(program))) await pause(20);
  return ending;
};

export type RunInsideOptions = Omit<ExecOptions, 'stdio'> & {
  readonly input?: string;
  /** Default: two minutes. */
  readonly withinMs?: number;
};

/** Runs a program inside to its end. `code` is 128 if a signal ended it. On a timeout, kills it and rejects. */
export const executeToEnd = async (
  info: ClusterInfo,
  command: readonly string[],
  { input, withinMs = 120_000, ...options }: RunInsideOptions = {},
): Promise<Finished> => {
  const execution = execute(info, command, options);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  execution.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  execution.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  execution.stdin?.on('error', () => undefined);
  execution.stdin?.end(input);
  const written = (): string =>
    Buffer.concat([...stdout, ...stderr])
      .toString()
      .trim()
      .slice(-2000);
  const { code } = await inTime(
    `${command.join(' ').slice(0, 200)} to end`,
    (late) => {
      late.addEventListener('abort', () => void execution.kill('SIGKILL'), { once: true });
      return execution.ended;
    },
    { withinMs, seen: () => written() || 'no output' },
  );
  return { code: code ?? 128, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
};

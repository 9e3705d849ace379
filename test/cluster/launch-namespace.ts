import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { lastLines } from './binaries/run-command.ts';
import type { BootEvent } from './control-protocol.ts';
import { KEEP_RUNNING } from './control-protocol.ts';
import { CLUSTER_DIR_VARIABLE } from './layout.ts';
import type { NamespaceMode } from './namespace.ts';
import { inTime } from './in-time.ts';
import { INIT_SCRIPT, unshareArgs } from './namespace.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { childrenOf, identify } from './process-identity.ts';

/** The processes, as seen from outside, whose death ends a cluster: `unshare` and the namespace's first process. */
export type Holder = { readonly unshare: ProcessIdentity; readonly init: ProcessIdentity; readonly netns: string };

export type LaunchOptions = {
  readonly mode: NamespaceMode;
  readonly env: Readonly<Record<string, string>>;
  /** `process`: the cluster ends with this process. `detached`: it runs until it is stopped. */
  readonly lifetime: 'process' | 'detached';
  readonly onEvent: (event: BootEvent) => void;
  /** Called when the namespace exists, before components start. */
  readonly onHolder: (holder: Holder) => Promise<void>;
  readonly signal: AbortSignal;
};

type Starter = ChildProcessByStdio<Writable, Readable, null>;

const startUnshare = (dir: string, { mode, env }: LaunchOptions): Starter => {
  const log = openSync(join(dir, 'logs', 'supervisor.log'), 'a');
  const supervisor = join(import.meta.dirname, 'supervisor.ts');
  const init = ['sh', '-c', INIT_SCRIPT, 'sluice-cluster', process.execPath, supervisor, dir];
  const child = spawn('unshare', [...unshareArgs(mode), ...init], {
    // In its own session, so that an interrupt at the terminal reaches only us and we can stop it in order.
    detached: true,
    stdio: ['pipe', 'pipe', log],
    env: { ...env, [CLUSTER_DIR_VARIABLE]: dir },
    cwd: '/',
  }) as Starter;
  closeSync(log);
  child.stdin.on('error', () => undefined);
  return child;
};

/** Undefined if the namespace has already ended. */
const holderOf = async (unsharePid: number, netns: string): Promise<Holder | undefined> => {
  const [initPid] = await childrenOf(unsharePid);
  const [unshare, init] = await Promise.all([identify(unsharePid), identify(initPid ?? 0)]);
  return unshare === undefined || init === undefined ? undefined : { unshare, init, netns };
};

const supervisorLog = (dir: string): Promise<string> =>
  readFile(join(dir, 'logs', 'supervisor.log'), 'utf8').then(lastLines, () => '');

/** Lets this process exit while the cluster runs on, in spite of the open pipes. */
const release = (child: Starter): void => {
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as Partial<{ unref(): void }>).unref?.();
};

/**
 * Creates the namespace, starts the planned components in it and resolves when all are ready. Rejects with the failing
 * component's last log lines, after removing everything.
 */
export const launchNamespace = async (dir: string, options: LaunchOptions): Promise<void> => {
  const child = startUnshare(dir, options);
  const abort = (): void => void child.stdin.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  const exited = once(child, 'exit').catch(() => undefined);
  let log = '';
  try {
    options.signal.throwIfAborted();
    await up(child, options);
  } catch (error) {
    log = await supervisorLog(dir);
    child.stdin.destroy();
    await inTime('the namespace to end', exited).catch(() => child.kill('SIGKILL'));
    options.signal.throwIfAborted();
    throw log === '' ? error : new Error(`${(error as Error).message}\nsupervisor:\n${log}`, { cause: error });
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
  if (options.lifetime === 'detached') child.stdin.write(`${KEEP_RUNNING}\n`);
  release(child);
};

/** For a supervisor that reports nothing; each component has its own deadline. */
const UP_WITHIN_MS = 300_000;

const up = (child: Starter, options: LaunchOptions): Promise<void> => {
  let last = 'nothing from its supervisor';
  const onEvent = (event: BootEvent): void => {
    last = Object.values(event).join(' ');
    options.onEvent(event);
  };
  const work = untilUp(child, { ...options, onEvent });
  return inTime('the cluster to be up', work, { withinMs: UP_WITHIN_MS, seen: () => last });
};

const untilUp = async (child: Starter, options: LaunchOptions): Promise<void> => {
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as BootEvent;
    if (event.event === 'inside') {
      const holder = await holderOf(child.pid ?? 0, event.netns);
      // If the namespace has already ended, the following events say why.
      if (holder !== undefined) await options.onHolder(holder);
    }
    if (event.event === 'failed') throw new Error(event.error);
    options.onEvent(event);
    if (event.event === 'up') return;
  }
  throw new Error('the cluster ended before it was up');
};

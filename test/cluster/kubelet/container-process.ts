import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import type { Env } from './container-env.ts';
import { killGroup } from './leftovers.ts';
import type { Leftovers } from './leftovers.ts';

export interface Launch {
  readonly argv: readonly string[];
  readonly env: Env;
  readonly workDir?: string;
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** An empty directory for `contain`; needed when there are mounts. */
  readonly scratch: string;
  readonly logFile: string;
  readonly memoryLimit?: number;
}

export interface Exit {
  readonly code: number;
  readonly signal?: number;
  readonly outOfMemory: boolean;
  readonly at: number;
}

const MEMORY_CHECK_MS = 1_000;
const PAGE = 4096;

/** One run of a container: a child process in its own session, which dies with this process. */
export class ContainerProcess {
  readonly startedAt = Date.now();
  readonly exited: Promise<Exit>;
  readonly pid: number | undefined;
  readonly #logFile: string;
  readonly #logStart: number;
  #outOfMemory = false;

  constructor(launch: Launch, testapp: string, leftovers: Leftovers) {
    const log = openSync(launch.logFile, 'a');
    this.#logFile = launch.logFile;
    this.#logStart = fstatSync(log).size;
    const child = spawn(testapp, containArgs(launch), {
      env: launch.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.pid = child.pid;
    if (child.pid !== undefined) leftovers.record(child.pid);
    const watch = launch.memoryLimit === undefined ? undefined : this.#watchMemory(launch.memoryLimit);
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        clearInterval(watch);
        // Processes that the main process leaves behind end with it, as in a container's PID namespace.
        if (child.pid !== undefined) {
          killGroup(child.pid);
          leftovers.forget(child.pid);
        }
        const number = signal === null ? undefined : constants.signals[signal];
        const ended = { outOfMemory: this.#outOfMemory, at: Date.now() };
        resolve(
          number === undefined ? { code: code ?? 128, ...ended } : { code: 128 + number, signal: number, ...ended },
        );
      };
      child.on('exit', end);
      child.on('error', () => end(128, null));
    });
  }

  /** Signals only the main process, as a container runtime does. A missing process is not an error. */
  signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has just ended; `exited` reports that.
    }
  }

  kill(): void {
    if (this.pid !== undefined) killGroup(this.pid);
  }

  /** The last lines this run wrote, at most 2 KiB and 80 lines, the kubelet's limits. */
  lastLines(): string {
    const log = openSync(this.#logFile, 'r');
    try {
      const size = fstatSync(log).size;
      const from = Math.max(this.#logStart, size - 2048);
      const buffer = Buffer.alloc(size - from);
      readSync(log, buffer, 0, buffer.length, from);
      return buffer.toString('utf8').split('\n').slice(-81).join('\n');
    } finally {
      closeSync(log);
    }
  }

  #watchMemory(limit: number): NodeJS.Timeout {
    const timer = setInterval(() => {
      if (residentBytes(this.pid) <= limit) return;
      this.#outOfMemory = true;
      this.kill();
    }, MEMORY_CHECK_MS);
    return timer;
  }
}

function containArgs(launch: Launch): string[] {
  const mounts = launch.mounts.flatMap(({ source, target }) => ['--mount', `${source}:${target}`]);
  const place = launch.workDir === undefined ? [] : ['--workdir', launch.workDir];
  const scratch = mounts.length === 0 ? [] : ['--scratch', launch.scratch];
  return ['contain', '--parent', String(process.pid), ...place, ...scratch, ...mounts, '--', ...launch.argv];
}

function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid ?? 0}/statm`, 'utf8').split(' ')[1]) * PAGE;
  } catch {
    return 0;
  }
}

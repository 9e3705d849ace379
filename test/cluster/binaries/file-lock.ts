import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inTime } from '../in-time.ts';
import { BUILD_WITHIN_MS } from './run-command.ts';

/**
 * Runs `work` while holding an exclusive lock on `path`, across processes and PID namespaces. A `flock` child whose
 * standard input is our pipe holds the lock. However this process dies, the kernel closes the pipe and the child exits,
 * so the lock is never stale.
 */
export const withFileLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  let isLocked = false;
  try {
    const first = await inTime(
      `the lock on ${path}, which another process with the same build holds`,
      Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => undefined)]),
      { withinMs: BUILD_WITHIN_MS },
    );
    if (first === undefined) throw new Error(`could not lock ${path}`);
    isLocked = true;
    return await work();
  } finally {
    const gone = holder.exitCode === null && holder.pid !== undefined ? once(holder, 'exit') : Promise.resolve();
    if (isLocked) holder.stdin.end();
    else holder.kill();
    await inTime<unknown>(`the lock on ${path} to be released`, gone);
  }
};

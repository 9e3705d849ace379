import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs `work` while holding an exclusive lock on `path`, across processes and process-id namespaces. The lock is held by
 * a `flock` child whose standard input is our pipe: when this process dies in any way, the kernel closes the pipe, the
 * child ends and the lock is free, so a lock can never be stale.
 */
export const withFileLock = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => undefined)]);
    if (first === undefined) throw new Error(`could not lock ${path}`);
    return await work();
  } finally {
    const gone = holder.exitCode === null && holder.pid !== undefined ? once(holder, 'exit') : Promise.resolve();
    holder.stdin.end();
    await gone;
  }
};

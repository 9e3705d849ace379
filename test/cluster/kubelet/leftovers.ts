import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The processes this kubelet runs, one small file each, so that the next kubelet on the same work directory can end what
 * a killed one may have left. The start time tells a process from a later one with the same number.
 */
export class Leftovers {
  readonly #dir: string;

  constructor(workDir: string) {
    this.#dir = join(workDir, 'pids');
    mkdirSync(this.#dir, { recursive: true });
  }

  record(pid: number): void {
    const started = startTime(pid);
    if (started !== undefined) writeFileSync(join(this.#dir, String(pid)), started);
  }

  forget(pid: number): void {
    rmSync(join(this.#dir, String(pid)), { force: true });
  }

  /** Kills the recorded processes that still run, each with its group; returns how many there were. */
  endAll(): number {
    let ended = 0;
    for (const name of readdirSync(this.#dir)) {
      const pid = Number(name);
      if (startTime(pid) === readFileSync(join(this.#dir, name), 'utf8') && killGroup(pid)) ended++;
      this.forget(pid);
    }
    return ended;
  }
}

/** Kills a process and everything in its group; false when nothing was there. */
export function killGroup(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

// Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces, so fields are counted after its closing bracket.
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

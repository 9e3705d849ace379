import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Records this kubelet's processes, one small file each, so that the next kubelet in the same work directory can end
 * those that a killed one left behind. The start time distinguishes a process from a later one with the same PID.
 */
export class Leftovers {
  readonly #workDir: string;
  readonly #dir: string;

  constructor(workDir: string) {
    this.#workDir = workDir;
    this.#dir = join(workDir, 'pids');
    mkdirSync(this.#dir, { recursive: true });
  }

  record(pid: number): void {
    const stat = readStat(pid);
    if (stat !== undefined) writeFileSync(join(this.#dir, String(pid)), stat.started);
  }

  forget(pid: number): void {
    rmSync(join(this.#dir, String(pid)), { force: true });
  }

  /** Kills the recorded processes that still run, and their descendants; returns their number. */
  endAll(): number {
    const recorded = readdirSync(this.#dir).map(Number);
    const groups = new Set(recorded.filter((pid) => this.#mayBeOurs(pid)));
    const ended = groups.size === 0 ? [] : allProcesses().filter((pid) => this.#endMember(pid, groups));
    recorded.forEach((pid) => this.forget(pid));
    return ended.length;
  }

  // A container's main process dies with the kubelet, but its children do not: they remain as a group without a leader.
  #mayBeOurs(pid: number): boolean {
    const stat = readStat(pid);
    return stat === undefined || stat.started === readFileSync(join(this.#dir, String(pid)), 'utf8');
  }

  #endMember(pid: number, groups: ReadonlySet<number>): boolean {
    const stat = readStat(pid);
    if (stat === undefined || !groups.has(stat.group) || !this.#mentionsUs(pid)) return false;
    try {
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  // Every container's home is below the work directory, unlike that of a process that reused a dead group's number.
  #mentionsUs(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${this.#workDir}/`);
    } catch {
      return false;
    }
  }
}

/** Kills a process and its whole group, if they exist. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

// Fields 5 (process group) and 22 (start time) of /proc/<pid>/stat; the name in field 2 may hold spaces, so fields are
// counted after its closing bracket.
function readStat(pid: number): { readonly group: number; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { group: Number(fields[2]), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

import { readFile, readdir } from 'node:fs/promises';

/** Identifies a process unambiguously, even if its PID is reused. `startTime` is in clock ticks since boot. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: string };

// The second field, the command in parentheses, may itself contain blanks and parentheses.
const fieldsOf = async (pid: number): Promise<string[] | undefined> => {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

/** The identity of a running process; undefined if there is none. A zombie counts as gone. */
export const identify = async (pid: number): Promise<ProcessIdentity | undefined> => {
  const fields = await fieldsOf(pid);
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return startTime === undefined || state === 'Z' ? undefined : { pid, startTime };
};

/** Whether exactly this process still runs. */
export const isAlive = async ({ pid, startTime }: ProcessIdentity): Promise<boolean> =>
  (await identify(pid))?.startTime === startTime;

/** The PIDs of a process's children, as seen in this PID namespace. */
export const childrenOf = async (parent: number): Promise<number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(async (pid) => [pid, (await fieldsOf(pid))?.[1]] as const));
  return parents.filter(([, ppid]) => ppid === String(parent)).map(([pid]) => pid);
};

/** Signals the process if it still runs; returns whether it did. */
export const signalProcess = async (identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> => {
  if (!(await isAlive(identity))) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
};

/** Resident memory in bytes, or undefined when the process is gone. */
export const residentBytes = async (pid: number): Promise<number | undefined> => {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
};

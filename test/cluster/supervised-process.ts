import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { lastLines } from './binaries/run-command.ts';
import type { ComponentSpec, ComponentState, ComponentStatus } from './component-spec.ts';
import { probeHolds, readFrom } from './probe.ts';
import { inTime } from './in-time.ts';
import { residentBytes } from './process-identity.ts';
import { Hopeless, waitUntil } from './wait-until.ts';

const PROBE_EVERY_MS = 40;
/** Time for the kernel to reap a killed process. */
const REAPED_WITHIN_MS = 10_000;

export type SupervisedProcess = {
  readonly spec: ComponentSpec;
  /** Starts it and resolves when its probe succeeds; rejects with its last log lines if it ends or takes too long. */
  start(): Promise<void>;
  /** Signals it, kills it after a timeout, and resolves when it is gone. */
  stop(signal: NodeJS.Signals): Promise<void>;
  status(): Promise<ComponentStatus>;
};

type Run = { readonly child: ChildProcess; readonly offset: number; readonly ended: Promise<string>; end?: string };

const launch = (spec: ComponentSpec): Run => {
  const log = openSync(spec.logFile, 'a');
  const [command, ...args] = spec.argv;
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...spec.env }, detached: true });
  const { size: offset } = statSync(spec.logFile);
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code ?? 0}`));
  });
  const run: Run = { child, offset, ended };
  void ended.then((end) => (run.end = end));
  return run;
};

const tail = async ({ logFile }: ComponentSpec, { offset }: Run): Promise<string> =>
  lastLines(await readFrom(logFile, offset).catch(() => ''));

/** Supervises one component. `start` does nothing if it already runs. */
export const superviseProcess = (spec: ComponentSpec): SupervisedProcess => {
  let run: Run | undefined;
  let ready = false;

  const isTask = spec.ready.kind === 'exit';
  const running = (): Run | undefined => (run?.end === undefined ? run : undefined);

  const holds = (current: Run): Promise<boolean> =>
    probeHolds(spec.ready, { file: spec.logFile, offset: current.offset });

  const works = async (current: Run): Promise<boolean> => {
    if (await holds(current)) return true;
    if (current.end === undefined) return false;
    if (isTask && current.end === 'exit 0') return true;
    throw new Hopeless(`${spec.name} ended (${current.end}) before it was ready`);
  };

  const untilReady = async (current: Run): Promise<void> => {
    const within = { withinMs: spec.readyWithinMs, everyMs: PROBE_EVERY_MS };
    try {
      await waitUntil(`${spec.name} to be ready`, () => works(current), within);
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${await tail(spec, current)}`, { cause: error });
    }
  };

  const state = (): ComponentState => {
    if (run === undefined) return 'stopped';
    if (run.end === undefined) return ready ? 'ready' : 'starting';
    return isTask && run.end === 'exit 0' ? 'done' : 'exited';
  };

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const current = running();
    if (current !== undefined) {
      current.child.kill(signal);
      await inTime(`${spec.name} to end`, current.ended, { withinMs: spec.stopWithinMs }).catch(() =>
        current.child.kill('SIGKILL'),
      );
      await inTime(`${spec.name} to end of SIGKILL`, current.ended, { withinMs: REAPED_WITHIN_MS });
    }
    run = undefined;
    ready = false;
  };

  return {
    spec,
    stop,
    start: async () => {
      if (running() !== undefined) return;
      ready = false;
      run = launch(spec);
      try {
        await untilReady(run);
      } catch (error) {
        await stop('SIGKILL');
        throw error;
      }
      ready = true;
    },
    status: async () => {
      const current = running();
      const pid = current?.child.pid;
      const resident = pid === undefined ? undefined : await residentBytes(pid);
      return {
        name: spec.name,
        state: state(),
        logFile: spec.logFile,
        ...(pid === undefined ? {} : { pid }),
        ...(resident === undefined ? {} : { residentBytes: resident }),
        ...(current === undefined || isTask ? {} : { healthy: await holds(current) }),
        ...(run?.end === undefined ? {} : { ended: run.end }),
      };
    },
  };
};

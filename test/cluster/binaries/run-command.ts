import { spawn } from 'node:child_process';
import { inTime } from '../in-time.ts';

/** A build that takes four minutes on two idle cores may take an hour on busy ones. */
export const BUILD_WITHIN_MS = 3_600_000;
/** Enough for a few hundred megabytes over a slow line. */
export const DOWNLOAD_WITHIN_MS = 1_200_000;

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Default: two minutes. */
  readonly withinMs?: number;
};

/**
 * Runs a program to its end and returns its output. `code` is 128 if a signal ended it. Rejects if the program cannot
 * be started, takes too long, or `signal` aborts. In the last two cases its whole process group is killed first, so
 * that a compiler's children do not survive it.
 */
export const runCommand = (
  command: string,
  args: readonly string[],
  { signal, withinMs = 120_000, ...options }: RunOptions = {},
): Promise<Finished> => {
  const output: Output = { stdout: [], stderr: [] };
  const ended = (late: AbortSignal): Promise<Finished> =>
    toItsEnd([command, ...args], output, {
      ...options,
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    });
  const seen = (): string => lastLines(text(output.stderr) || text(output.stdout)) || 'no output';
  return inTime(`${[command, ...args.slice(0, 3)].join(' ')} to end`, ended, { withinMs, seen });
};

type Output = { readonly stdout: Buffer[]; readonly stderr: Buffer[] };
type ToItsEnd = Omit<RunOptions, 'withinMs'> & { readonly signal: AbortSignal };

const toItsEnd = (
  [command = '', ...args]: readonly string[],
  { stdout, stderr }: Output,
  { cwd, env = process.env, input, signal }: ToItsEnd,
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const abort = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('interrupted'));
      else resolve({ code: code ?? 128, stdout: text(stdout), stderr: text(stderr) });
    });
    // A program that ignores its input may close the pipe early. Its exit code shows whether that matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');

/** The last `lines` lines of a program's output, for error messages. */
export const lastLines = (output: string, lines = 15): string => output.trimEnd().split('\n').slice(-lines).join('\n');

/** Like `runCommand`, but a non-zero exit rejects with the program's last lines. */
export const runOrFail = async (
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> => {
  const { code, stdout, stderr } = await runCommand(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed (exit ${code}):\n${lastLines(stderr || stdout)}`);
};

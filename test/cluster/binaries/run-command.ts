import { spawn } from 'node:child_process';

export type Finished = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
};

/**
 * Runs a program to its end and returns what it wrote. `code` is 128 when a signal ended it. Rejects when the program
 * cannot be started, or when `signal` aborts: then its whole process group is killed first, so a compiler's children
 * do not outlive it.
 */
export const runCommand = (
  command: string,
  args: readonly string[],
  { cwd, env = process.env, input, signal }: RunOptions = {},
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, { cwd, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const abort = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('interrupted'));
      else resolve({ code: code ?? 128, stdout: text(stdout), stderr: text(stderr) });
    });
    // A program that does not read its input closes the pipe early; its exit code tells whether that matters.
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

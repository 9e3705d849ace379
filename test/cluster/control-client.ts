import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';
import { CONTROL_SOCKET } from './control-protocol.ts';

class Refusal extends Error {}

// The supervisor may have been started by another version of this code.
const parse = (line: string): ControlAnswer => {
  try {
    return JSON.parse(line) as ControlAnswer;
  } catch {
    return { ok: false, error: `the supervisor answered ${JSON.stringify(line)}` };
  }
};

/** Asks the supervisor of the cluster in `dir`. Rejects when it says no, or is not there. */
export const ask = (dir: string, request: ControlRequest): Promise<ControlAnswer & { ok: true }> =>
  new Promise((resolve, reject) => {
    const socket = connect(join(dir, CONTROL_SOCKET));
    let received = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (!received.endsWith('\n')) return;
      socket.end();
      const answer = parse(received);
      if (answer.ok) resolve(answer);
      else reject(new Refusal(answer.error));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the cluster in ${dir} went away before it answered`)));
  });

const PATIENCE_MS = 10_000;

/**
 * Whether a supervisor answers in that folder, seen from any namespace. Only an answer counts: the kernel takes
 * connections for a supervisor that is stopped, or that is just being killed.
 */
export const answers = async (dir: string): Promise<boolean> => {
  const patience = new AbortController();
  const late = sleep(PATIENCE_MS, false, { signal: patience.signal }).catch(() => false);
  const answer = ask(dir, { op: 'ping' }).then(
    () => true,
    (error: unknown) => error instanceof Refusal,
  );
  const answered = await Promise.race([answer, late]);
  patience.abort();
  return answered;
};

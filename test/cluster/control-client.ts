import { connect } from 'node:net';
import { join } from 'node:path';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';
import { CONTROL_SOCKET } from './control-protocol.ts';
import { inTime } from './in-time.ts';

class Refusal extends Error {}

// The supervisor may have been started by another version of this code.
const parse = (line: string): ControlAnswer => {
  try {
    return JSON.parse(line) as ControlAnswer;
  } catch {
    return { ok: false, error: `the supervisor answered ${JSON.stringify(line)}` };
  }
};

/** Timeouts, longer than a component may take to become ready or to stop. */
const patience: Readonly<Record<ControlRequest['op'], number>> = {
  ping: 10_000,
  status: 20_000,
  start: 150_000,
  add: 150_000,
  stop: 40_000,
  remove: 40_000,
  'allocate-address': 20_000,
  down: 20_000,
};

const nameIn = (request: ControlRequest): string => {
  if (request.op === 'add') return request.spec.name;
  return 'name' in request ? request.name : '';
};

/** Sends a request to the supervisor of the cluster in `dir`. Rejects if it refuses, is gone, or does not answer. */
export const ask = (dir: string, request: ControlRequest): Promise<ControlAnswer & { ok: true }> =>
  inTime(
    `the supervisor of ${dir} to answer "${`${request.op} ${nameIn(request)}`.trim()}"`,
    (late) => exchange(dir, request, late),
    { withinMs: patience[request.op] },
  );

const exchange = (dir: string, request: ControlRequest, late: AbortSignal): Promise<ControlAnswer & { ok: true }> =>
  new Promise((resolve, reject) => {
    const socket = connect(join(dir, CONTROL_SOCKET));
    late.addEventListener('abort', () => socket.destroy(), { once: true });
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

/**
 * Whether a supervisor answers in that folder. Works from any namespace. A connection alone proves nothing: the kernel
 * accepts connections for a supervisor that is stopped or being killed.
 */
export const answers = (dir: string): Promise<boolean> =>
  ask(dir, { op: 'ping' }).then(
    () => true,
    (error: unknown) => error instanceof Refusal,
  );

import { connect } from 'node:net';
import { join } from 'node:path';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';
import { CONTROL_SOCKET } from './control-protocol.ts';

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
      const answer = JSON.parse(received) as ControlAnswer;
      if (answer.ok) resolve(answer);
      else reject(new Error(answer.error));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the cluster in ${dir} went away before it answered`)));
  });

/** Whether a supervisor listens in that folder, seen from any namespace. */
export const answers = (dir: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(join(dir, CONTROL_SOCKET));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

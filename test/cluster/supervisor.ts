// Runs inside a cluster's namespace, owns all its components and answers on control.sock. Started by
// launch-namespace.ts.
import { readFile } from 'node:fs/promises';
import { readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runOrFail } from './binaries/run-command.ts';
import type { ComponentSpec } from './component-spec.ts';
import type { BootEvent, ControlAnswer, ControlRequest } from './control-protocol.ts';
import { CONTROL_SOCKET, KEEP_RUNNING, PLAN_FILE } from './control-protocol.ts';
import { NETWORK_SETUP } from './namespace.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { superviseProcess } from './supervised-process.ts';

const dir = process.argv[2] ?? '';
const components = new Map<string, SupervisedProcess>();
let nextAddress = 1;

const tell = (event: BootEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const componentNamed = (name: string): SupervisedProcess => {
  const component = components.get(name);
  if (component === undefined) throw new Error(`no component ${name}; there are ${[...components.keys()].join(', ')}`);
  return component;
};

const add = async (spec: ComponentSpec): Promise<void> => {
  if (components.has(spec.name)) throw new Error(`there already is a component ${spec.name}`);
  const component = superviseProcess(spec);
  components.set(spec.name, component);
  try {
    await component.start();
  } catch (error) {
    components.delete(spec.name);
    throw error;
  }
};

const perform = async (request: ControlRequest): Promise<ControlAnswer> => {
  switch (request.op) {
    case 'status':
      return { ok: true, components: await Promise.all([...components.values()].map((one) => one.status())) };
    case 'start':
      await componentNamed(request.name).start();
      return { ok: true };
    case 'stop':
      await componentNamed(request.name).stop(request.signal);
      return { ok: true };
    case 'add':
      await add(request.spec);
      return { ok: true };
    case 'remove':
      await componentNamed(request.name).stop('SIGTERM');
      components.delete(request.name);
      return { ok: true };
    case 'allocate-address':
      if (nextAddress > 254) throw new Error('all 254 client addresses of this cluster have been given out');
      return { ok: true, address: `10.244.250.${nextAddress++}` };
    case 'ping':
    case 'down':
      return { ok: true };
    default:
      throw new Error(`this supervisor cannot ${(request as { op: string }).op}`);
  }
};

const serve = (socket: Socket): void => {
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket }).on('line', (line) => {
    const request = JSON.parse(line) as ControlRequest;
    void perform(request)
      .catch((error: unknown): ControlAnswer => ({
        ok: false,
        error: error instanceof Error ? error.message : String(error),
      }))
      .then((answer) => {
        // When this process has ended, the init script kills the remaining processes and removes the folder.
        socket.write(`${JSON.stringify(answer)}\n`, () => request.op === 'down' && process.exit(0));
      });
  });
};

const boot = async (): Promise<void> => {
  const specs = JSON.parse(await readFile(join(dir, PLAN_FILE), 'utf8')) as ComponentSpec[];
  for (const spec of specs) components.set(spec.name, superviseProcess(spec));
  const started = new Map<string, Promise<void>>();
  const start = (name: string): Promise<void> => {
    const begun = started.get(name) ?? startAfterNeeds(componentNamed(name), start);
    started.set(name, begun);
    return begun;
  };
  await Promise.all(specs.map(({ name }) => start(name)));
};

const startAfterNeeds = async (one: SupervisedProcess, start: (name: string) => Promise<void>): Promise<void> => {
  await Promise.all(one.spec.needs.map(start));
  tell({ event: 'starting', name: one.spec.name });
  await one.start();
  tell({ event: 'ready', name: one.spec.name });
};

const dieWithStarter = (): void => {
  let keep = false;
  createInterface({ input: process.stdin })
    .on('line', (line) => (keep ||= line === KEEP_RUNNING))
    .on('close', () => !keep && process.exit(0));
};

const main = async (): Promise<void> => {
  // The starter closes its end once the cluster is up.
  process.stdout.on('error', () => undefined);
  dieWithStarter();
  for (const args of NETWORK_SETUP) await runOrFail('ip', args);
  tell({ event: 'inside', netns: readlinkSync('/proc/self/ns/net') });
  createServer(serve).listen(join(dir, CONTROL_SOCKET));
  await boot();
  tell({ event: 'up' });
};

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));
main().catch((error: unknown) => {
  tell({ event: 'failed', error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});

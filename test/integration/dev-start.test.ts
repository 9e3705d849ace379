/**
 * `sluice dev` on a machine where a port is taken, beside another that runs.
 * @long 30 s
 */
import { once } from 'node:events';
import { inTime } from '../cluster/in-time.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';

const namespace = `dev-start-${process.pid}`;
const name = `sluice-dev-${namespace}`;
let cluster: Cluster;
let taken: Server;
let port: number;

type Run = {
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

const dev = (...flags: readonly string[]): Run => {
  const words = ['src/main.ts', 'dev', '--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...flags];
  const execution = cluster.exec('node_modules/.bin/node', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [execution.stdout, execution.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = execution.ended.then(({ code }) => code);
  return {
    output: () => output,
    ended,
    stop: async () => {
      await execution.kill('SIGTERM');
      await inTime('dev to end', ended);
    },
    kill: async () => {
      await execution.kill('SIGKILL');
      await inTime('dev to end', ended);
    },
  };
};

const ready = async (run: Run): Promise<void> => {
  const gone = run.ended.then(() => {
    throw new Error(run.output());
  });
  await inTime(
    'dev to be ready',
    Promise.race([gone, waitUntil('its word', () => run.output().includes('sluice is ready'))]),
    { seen: () => run.output() },
  );
};

/** What is installed for a development process, and taken away with it. */
const installed = async (): Promise<readonly string[]> => {
  const kinds = ['clusterrole', 'clusterrolebinding', 'mutatingwebhookconfiguration', 'validatingwebhookconfiguration'];
  const found = await Promise.all(
    kinds.map(async (kind) => ((await cluster.kubectl('get', kind, name)).code === 0 ? [kind] : [])),
  );
  return found.flat();
};

beforeAll(async () => {
  cluster = await attach();
  await cluster.kubectl('create', 'namespace', namespace);
  taken = createServer();
  await inTime('a port to be taken', once(taken.listen(0, '127.0.0.1'), 'listening'));
  ({ port } = taken.address() as AddressInfo);
}, 180_000);

afterAll(async () => {
  taken.close();
  await cluster.kubectl('delete', 'namespace', namespace, '--wait=false');
});

describe('sluice dev', () => {
  it.each([
    ['metrics-port', ['--port', '0']],
    ['port', []],
  ])('with a --%s that is taken says so and leaves nothing behind', async (flag, others) => {
    const run = dev(`--${flag}`, String(port), ...others);
    expect(await inTime('dev to give up', run.ended, { seen: run.output })).toBe(1);
    expect(run.output()).toContain(
      `sluice: --${flag} "${port}": is in use by another program on this machine. Write another port, or 0 to take a free one.`,
    );
    expect(await installed()).toEqual([]);
  });

  it('D16: starts beside a Prometheus on 9090, and another that does not start takes nothing from it', async () => {
    const { prometheusUrl } = cluster;
    expect(prometheusUrl).toMatch(/:9090$/);
    const first = dev('--port', '0', '--prometheus', prometheusUrl ?? '');
    await ready(first);
    const all = await installed();
    expect(all).toHaveLength(4);
    expect(await inTime('the second dev to give up', dev('--port', String(port)).ended)).toBe(1);
    expect(await installed()).toEqual(all);
    const second = dev('--port', '0', '--metrics-port', '0');
    expect(await inTime('dev beside another to give up', second.ended, { seen: second.output })).toBe(1);
    expect(second.output()).toMatch(/another sluice dev runs in this cluster, at https:\/\/\S+, with .* End it first/);
    expect(await installed()).toEqual(all);
    await first.stop();
    expect(await installed()).toEqual([]);
  });

  it('D16: takes over from one that was killed, and leaves what another has taken over', async () => {
    const killed = dev('--port', '0', '--metrics-port', '0');
    await ready(killed);
    await killed.kill();
    const run = dev('--port', '0', '--metrics-port', '0');
    await ready(run);
    const elsewhere = [{ op: 'replace', path: '/webhooks/0/clientConfig/url', value: 'https://192.0.2.1:9443/mutate' }];
    await cluster.kubectl(
      'patch',
      'mutatingwebhookconfiguration',
      name,
      '--type=json',
      '-p',
      JSON.stringify(elsewhere),
    );
    await run.stop();
    expect(run.output()).toContain(
      `the webhook configurations ${name} now belong to the process at https://192.0.2.1:9443`,
    );
    expect(await installed()).toHaveLength(4);
    const last = dev('--port', '0', '--metrics-port', '0');
    await ready(last);
    await last.stop();
    expect(await installed()).toEqual([]);
  });
});

/** A real Prometheus of one's own on 127.0.0.1. It scrapes what it is told every second, and takes what is written to it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Labels } from '../../src/values/kube-object.ts';
import { ensureTools } from '../cluster/binaries/ensure-tools.ts';
import { silentProgress } from '../cluster/binaries/progress.ts';
import type { ToolName } from '../cluster/binaries/catalog.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { inTime } from '../cluster/in-time.ts';
import { Hopeless, waitUntil } from '../cluster/wait-until.ts';
import { close, listen } from '../cluster/listen.ts';

/** `host:port` and the labels its series get. */
export type Scraped = { readonly address: string; readonly labels: Labels };

export type RealPrometheus = { readonly address: string; close(): Promise<void> };

export const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  return port;
};

const untilReady = async (address: string, child: ChildProcess, log: string): Promise<void> => {
  await waitUntil(`Prometheus at ${address}`, async () => {
    if (child.exitCode !== null) throw new Hopeless(`Prometheus ended: ${(await readFile(log, 'utf8')).slice(-2000)}`);
    return (await fetchText(`${address}/-/ready`)).ok;
  });
};

/** Path of a tool, built first where there is none. */
export const toolPath = async (name: ToolName): Promise<string> => {
  const options = { env: process.env, progress: silentProgress, signal: new AbortController().signal };
  const path = (await ensureTools([name], [], options)).tools.get(name);
  if (path === undefined) throw new Error(`there is no ${name} to run`);
  return path;
};

/** JSON is YAML. `honor_labels`, because the test application says itself what its sidecar would. */
const configFor = (scraped: readonly Scraped[]): string =>
  JSON.stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'pods',
        honor_labels: true,
        static_configs: scraped.map(({ address, labels }) => ({ targets: [address], labels })),
      },
    ],
  });

/** Resolves when it answers. It dies with this process, also when that is killed. */
export const startRealPrometheus = async (scraped: readonly Scraped[] = []): Promise<RealPrometheus> => {
  const program = await toolPath('prometheus');
  const dir = await mkdtemp(join(tmpdir(), 'sluice-prometheus-'));
  const [config, log] = [join(dir, 'prometheus.yml'), join(dir, 'log')];
  await writeFile(config, configFor(scraped));
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
    '--web.enable-remote-write-receiver',
  ];
  const shell = ['-c', 'exec setpriv --pdeathsig KILL "$@" >"$LOG" 2>&1', 'sh', program, ...flags];
  const child = spawn('sh', shell, { env: { ...process.env, LOG: log }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await untilReady(`http://${address}`, child, log);
  return {
    address: `http://${address}`,
    close: async () => {
      child.kill('SIGKILL');
      await inTime('Prometheus to end', ended);
      await rm(dir, { recursive: true, force: true });
    },
  };
};

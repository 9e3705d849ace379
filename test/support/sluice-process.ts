/** `sluice dev`, or `sluice controller` alone, as a process inside a test cluster. */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { Ending } from '../cluster/execution.ts';

export type SluiceOptions = {
  readonly namespace: string;
  /** `controller`: no webhook, and with the rights of the kubeconfig. */
  readonly command?: 'dev' | 'controller';
  /** Address of Prometheus; the cluster's own unless said otherwise. */
  readonly prometheus?: string;
  /** API server to use instead of the kubeconfig's: a proxy that counts. */
  readonly kubeconfig?: string;
  readonly flags?: readonly string[];
};

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string; readonly level?: string };

export type Sluice = {
  readonly log: readonly LogLine[];
  readonly ended: Promise<Ending>;
  /** Resolves when the signal is sent. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when it has ended of it. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and wait: it takes away what it installed. */
  stop(): Promise<void>;
};

/** The line that says that webhook and controller work. */
const readyLine = 'sluice is ready';
/** It takes two seconds, and some more on a busy machine. */
const patience = 90_000;

/** Resolves when it answers admission requests. Rejects with its log when it ends before, or takes too long. */
export const startSluice = async (cluster: Cluster, options: SluiceOptions): Promise<Sluice> => {
  const { namespace, prometheus = cluster.prometheusUrl, kubeconfig = cluster.kubeconfig, flags = [] } = options;
  const { command = 'dev' } = options;
  const words = [
    'src/main.ts',
    command,
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    namespace,
    ...(command === 'dev' ? ['--port', '0'] : []),
    '--metrics-port',
    '0',
    ...(prometheus === undefined ? [] : ['--prometheus', prometheus]),
    ...flags,
  ];
  const process = cluster.exec('node_modules/.bin/node', words, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (text) => {
        const line = parse(text);
        log.push(line);
        if (line.msg === readyLine) resolve();
      });
    }
  });
  const said = (): string => log.map((l) => JSON.stringify(l)).join('\n');
  const early = process.ended.then(({ code, signal }) => {
    throw new Error(`sluice ended (${code ?? signal ?? '?'}) before it was ready:\n${said()}`);
  });
  early.catch(() => undefined);
  const late = new AbortController();
  const overdue = sleep(patience, undefined, { signal: late.signal }).then(async () => {
    await process.kill('SIGKILL');
    throw new Error(`sluice was not ready after ${patience / 1000} s:\n${said()}`);
  });
  await Promise.race([ready, early, overdue]).finally(() => late.abort());
  return {
    log,
    ended: process.ended,
    signal: (signal) => process.kill(signal),
    kill: async (signal) => {
      await process.kill(signal);
      await process.ended;
    },
    stop: async () => {
      await process.kill('SIGTERM');
      await process.ended;
    },
  };
};

const parse = (text: string): LogLine => {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
};

/** `sluice dev`, or `sluice controller` alone, as a process inside a test cluster. */
import { createInterface } from 'node:readline';
import type { Cluster } from '../cluster/cluster.ts';
import type { Ending, Execution } from '../cluster/execution.ts';
import { inTime } from '../cluster/in-time.ts';

export type SluiceOptions = {
  readonly namespace: string;
  /** `controller`: no webhook, and with the rights of the kubeconfig. */
  readonly command?: 'dev' | 'controller';
  /** Address of Prometheus; the cluster's own unless said otherwise. */
  readonly prometheus?: string;
  /** API server to use instead of the kubeconfig's: a proxy that counts. */
  readonly kubeconfig?: string;
  readonly flags?: readonly string[];
  /** What Node runs, with its own options before it; the sources unless said otherwise. */
  readonly program?: readonly string[];
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
const readyWithin = 120_000;
/** Told to stop, it gives back what it installed and sends its last events. */
const stoppedWithin = 60_000;

/** Resolves when it answers admission requests. Rejects with its log when it ends before, or takes too long. */
export const startSluice = async (cluster: Cluster, options: SluiceOptions): Promise<Sluice> => {
  const { namespace, prometheus = cluster.prometheusUrl, kubeconfig = cluster.kubeconfig, flags = [] } = options;
  const { command = 'dev', program = ['src/main.ts'] } = options;
  const words = [
    ...program,
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
  const said = (): string => `\n${log.map((l) => JSON.stringify(l)).join('\n')}`;
  const early = process.ended.then(({ code, signal }) => {
    throw new Error(`sluice ended (${code ?? signal ?? '?'}) before it was ready:${said()}`);
  });
  await inTime(`sluice ${command} to be ready`, Promise.race([ready, early]), {
    withinMs: readyWithin,
    seen: said,
  }).catch(async (error: unknown) => {
    await process.kill('SIGKILL');
    throw error;
  });
  const end = (signal: NodeJS.Signals): Promise<void> => endOf(process, signal, () => lastWords(log));
  return {
    log,
    ended: process.ended,
    signal: (signal) => process.kill(signal),
    kill: end,
    stop: () => end('SIGTERM'),
  };
};

const endOf = async (process: Execution, signal: NodeJS.Signals, seen: () => string): Promise<void> => {
  await process.kill(signal);
  await inTime(`sluice to end of ${signal}`, process.ended, { withinMs: stoppedWithin, seen }).catch(
    async (error: unknown) => {
      await process.kill('SIGKILL');
      throw error;
    },
  );
};

const lastWords = (log: readonly LogLine[]): string =>
  log
    .slice(-20)
    .map((line) => `\n${JSON.stringify(line)}`)
    .join('');

const parse = (text: string): LogLine => {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
};

/** The program: configuration, then the command, then signals. */
import { environment } from './config/environment.ts';
import { parseConfig } from './config/parse-config.ts';
import type { Config } from './config/settings.ts';
import { sentence } from './values/problem.ts';

type Stop = () => Promise<void>;

const fail = (error: unknown): never => {
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
};

/** Loads only the modules of its command: the rest would stay in memory. */
const start = async (config: Config): Promise<Stop> => {
  switch (config.command) {
    case 'dev':
      return (await import('./main/run-dev.ts')).runDev(config);
    case 'webhook':
      return (await import('./main/run-webhook.ts')).runWebhook(config);
    case 'controller':
      return (await import('./main/run-controller.ts')).runController(config, fail);
  }
};

const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

const parsed = parseConfig(process.argv.slice(2), environment());
if (parsed.kind === 'help') {
  process.stdout.write(`${parsed.text}\n`);
} else if (parsed.kind === 'problems') {
  process.stderr.write(`${parsed.problems.map(sentence).join('\n')}\nTry: sluice --help\n`);
  process.exitCode = 2;
} else {
  const stopped = untilSignal();
  const started = start(parsed.config).catch(fail);
  // What waits for an API server or a certificate has nothing to lose; `dev` takes away what it has installed.
  if (parsed.config.command !== 'dev' && (await Promise.race([started, stopped])) === undefined) process.exit(0);
  const stop = await started;
  await stopped;
  await stop().catch(fail);
  process.exit(0);
}

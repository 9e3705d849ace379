/** The kubectl plugin's composition root: terminal, cluster and verbs. */
import { randomBytes } from 'node:crypto';
import { environment } from '../config/environment.ts';
import { version } from '../config/version.ts';
import { connectApi, type Api } from '../kube/api.ts';
import { patientApi } from '../kube/patient-api.ts';
import { sourceForms } from '../metrics/index.ts';
import { systemClock } from '../ports/clock.ts';
import { clusterClient } from './connect.ts';
import { PluginError } from './plugin-error.ts';
import { runProgram, type Place } from './program.ts';
import { readObjects } from './read-objects.ts';
import type { Session } from './session.ts';
import { streamTerminal } from './terminal.ts';

const interrupted = 130;
const interrupt = new AbortController();
const terminal = streamTerminal(process.stdout, process.stderr);
const opened: Api[] = [];

const connect = ({ kubeconfig, context }: Place): Api => {
  try {
    return connectApi({
      env: environment(),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
      clock: systemClock,
      component: 'kubectl-sluice',
      version: version(),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PluginError(`${why}.`, 'Choose a cluster with --kubeconfig or --context.', { cause });
  }
};

const open = (place: Place): Session => {
  const api = connect(place);
  opened.push(api);
  return {
    client: clusterClient(patientApi(api, systemClock)),
    namespace: place.namespace ?? api.namespace ?? 'default',
    terminal,
    clock: systemClock,
    signal: interrupt.signal,
    newId: () => randomBytes(5).toString('hex'),
  };
};

process.once('SIGINT', () => interrupt.abort());
// The reader of a pipe may close it early, as in `| head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const code = await runProgram(process.argv.slice(2), {
  version: version(),
  terminal,
  open,
  forms: sourceForms,
  readObjects,
});
for (const api of opened) api.close();
process.exitCode = interrupt.signal.aborted ? interrupted : code;

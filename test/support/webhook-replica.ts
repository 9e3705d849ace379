/** A replica of the webhook inside a test; unless said otherwise, its certificates are made anew every few seconds. */
import { Writable } from 'node:stream';
import { secretStore } from '../../src/certs/secret-store.ts';
import { trustAuthority } from '../../src/certs/trust.ts';
import { connectApi } from '../../src/kube/api.ts';
import { connectCluster, type ConnectedCluster } from '../../src/kube/cluster.ts';
import { serverClock } from '../../src/ports/server-clock.ts';
import type { WatchSpec } from '../../src/kube/watch-spec.ts';
import { startWebhook } from '../../src/main/start-webhook.ts';
import { certificateWatches, webhookWatches } from '../../src/main/watches.ts';
import { selfMade, type Certificates } from '../../src/main/webhook-certificates.ts';
import { systemClock, type Clock } from '../../src/ports/clock.ts';
import { createLog, type Log } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { sluice } from './admission-input.ts';
import { inTime } from '../cluster/in-time.ts';

export type ReplicaOptions = {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Of the Service, the Secret and both configurations. */
  readonly name: string;
  readonly host: string;
  /** How far its clock is ahead. */
  readonly ahead?: number;
  /** Keys to take turns with: making them takes long on a busy machine. */
  readonly keys: readonly string[];
  /** Where its certificates come from: an authority of its own, in a Secret that replicas share. */
  readonly certificates?: (around: ReplicaParts) => Certificates;
  /** What it watches; as in a cluster unless given. */
  readonly watch?: readonly WatchSpec[];
};

export type ReplicaParts = {
  readonly cluster: ConnectedCluster;
  readonly serverClock: Clock;
  readonly log: Log;
  readonly newKey: () => Promise<string>;
};

export type Replica = {
  readonly port: number;
  /** Certificates (PEM) it has served with. */
  readonly served: readonly string[];
  /** Its log, down to debug level. */
  readonly log: readonly string[];
  answered(): Promise<number>;
  stop(): Promise<void>;
};

const minute = 60_000;
/** Valid for ten minutes, and renewed after four seconds: two thirds of the whole life, of which most is past. */
export const shortLived = {
  lifetimes: { authority: 10 / 1440, serving: 10 / 1440, backdated: 20 * minute - 12_000 },
  settle: 1500,
} as const;

const inASecret =
  ({ namespace, name }: ReplicaOptions) =>
  ({ cluster, ...around }: ReplicaParts): Certificates =>
    selfMade({
      ...around,
      ...shortLived,
      store: secretStore(cluster, { namespace, name }),
      names: { dnsNames: [`${name}.${namespace}.svc`], ips: [] },
      trust: (bundle) => trustAuthority(cluster, name, bundle),
    });

export const startReplica = async (options: ReplicaOptions): Promise<Replica> => {
  const { kubeconfig, namespace, name, host, ahead = 0, keys } = options;
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const log = createLog('debug', stream);
  const wrong: Clock = { now: () => systemClock.now() + ahead, after: (delay, run) => systemClock.after(delay, run) };
  const clock = serverClock(wrong);
  const heard = clock.heard.bind(clock);
  const api = connectApi({ env: {}, kubeconfig, clock: wrong, component: 'test', version: '0', heard });
  const config = { certificateSecret: { namespace, name }, webhookConfiguration: name };
  const watch = options.watch ?? [...webhookWatches(namespace), ...certificateWatches(config)];
  const cluster = connectCluster({ api, watch, clock: wrong, log });
  const seen = (): string => lines.slice(-5).join('');
  await inTime(`the first lists of replica ${name}`, cluster.ready, { seen });
  const metrics = createMetrics({ processMetrics: false });
  const served: string[] = [];
  let next = 0;
  const newKey = (): Promise<string> => Promise.resolve(keys[next++ % keys.length] ?? '');
  const make = (options.certificates ?? inASecret(options))({ cluster, serverClock: clock, log, newKey });
  const certificates: Certificates = (serving) =>
    make({
      ...serving,
      use: (made) => {
        served.push(made.cert);
        serving.use(made);
      },
    });
  const limits = { lameDuck: 0, grace: 0 };
  const configurations = { name, writer: cluster };
  const parts = {
    cluster,
    configurations,
    clock: wrong,
    log,
    metrics,
    sluiceUser: sluice,
    addresses: [],
    port: 0,
    host,
    certificates,
    limits,
  };
  const webhook = await startWebhook(parts);
  const { port } = await inTime(`replica ${name} to serve`, webhook.server, { withinMs: 90_000, seen });
  return {
    port,
    served,
    log: lines,
    answered: async () => {
      const { text } = await metrics.expose();
      return [...text.matchAll(/^sluice_admission_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    },
    stop: async () => {
      await inTime(
        `replica ${name} to end`,
        webhook.stop().then(() => cluster.stop()),
        { seen },
      );
      api.close();
    },
  };
};

/** Wires the webhook to its caches, its certificate and its port. */
import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import { keepCertificates } from '../certs/keep-certificates.ts';
import { newPrivateKey } from '../certs/key-pair.ts';
import type { Credential, ServingNames } from '../certs/authority.ts';
import type { CertificateStore } from '../certs/certificate-store.ts';
import type { Trusted } from '../certs/trust.ts';
import { admissionAnswers } from '../core/admission/admission-answers.ts';
import { kinds } from '../core/kube-object.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal, type KubeJournal } from '../kube/journal.ts';
import type { Clock } from '../ports/clock.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { webhookApp } from '../webhook/webhook-app.ts';
import { startWebhookServer, type WebhookLimits, type WebhookServer } from '../webhook/webhook-server.ts';
import { webhookRules } from './webhook-rules.ts';

export type WebhookSetup = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  /** What certificates are made and judged by. */
  readonly serverClock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sluiceUser: string;
  readonly port: number;
  readonly host?: string;
  readonly names: ServingNames;
  readonly store: CertificateStore;
  readonly trust: (bundle: string, port: number) => Promise<Trusted>;
  readonly limits?: Partial<WebhookLimits>;
};

const journalGrace = 2000;

export type RunningWebhook = { readonly server: WebhookServer; readonly stop: () => Promise<void> };

/** Kinds of what the certificate is stored in and trusted by; watched in a cluster, not in development. */
const certificateKinds: ReadonlySet<string> = new Set(
  [kinds.secret, kinds.mutatingWebhook, kinds.validatingWebhook].map(({ kind }) => kind),
);

const putBack = {
  certificate: 'somebody has changed or deleted the stored certificate: the one in use was put back',
  trust: 'somebody has changed which authority API servers trust: ours was put back',
} as const;

/** Resolves when the port is open and API servers have been told whom to trust. */
export const startWebhook = async (setup: WebhookSetup): Promise<RunningWebhook> => {
  const { cluster, serverClock: clock, log, store, names } = setup;
  const journal = journalOf(setup);
  let server: Promise<WebhookServer> | undefined;
  const keeper = await keepCertificates({
    store,
    names,
    clock,
    newKey: newPrivateKey,
    // Which port is in use is known once it is open.
    trust: async (bundle) => setup.trust(bundle, (await server)?.port ?? setup.port),
    use: (credential) => {
      tellExpiry(setup, credential);
      if (server === undefined) server = listen(setup, credential, journal);
      else void server.then((running) => running.use(credential));
    },
    failed: (err) => log.error({ err }, 'the certificate could not be looked after; trying again in a minute'),
    restored: (what) => log.warn({ reason: what }, putBack[what]),
  });
  await keeper.check();
  cluster.onChange(({ gvk }) => {
    if (certificateKinds.has(gvk.kind)) void keeper.check();
  });
  if (server === undefined) throw new Error('no certificate was made');
  const running = await server;
  log.info({ port: running.port }, 'webhook started');
  return {
    server: running,
    stop: async () => {
      keeper.stop();
      await running.close();
      await journal.close(journalGrace);
    },
  };
};

const tellExpiry = ({ metrics }: WebhookSetup, { cert }: Credential): void => {
  const { subject, validToDate } = new X509Certificate(cert);
  metrics.certificateExpiry(/^CN=(.*)$/m.exec(subject)?.[1] ?? '', validToDate.getTime());
};

const journalOf = ({ cluster, clock, log }: WebhookSetup): KubeJournal =>
  kubeJournal({ writer: cluster, author: { controller: `${group}/webhook`, instance: hostname() }, clock, log });

const listen = (setup: WebhookSetup, certificate: Credential, journal: KubeJournal): Promise<WebhookServer> => {
  const { cluster, clock, log, metrics, port, host, limits } = setup;
  const app = webhookApp({
    ...admissionAnswers(webhookRules(cluster, setup.sluiceUser)),
    journal,
    ready: () => (cluster.pending().length === 0 ? true : `waiting for ${cluster.pending().join(', ')}`),
    failureMode: 'closed',
    log,
    metrics,
    clock,
  });
  return startWebhookServer({
    app,
    certificate,
    port,
    clock,
    ...(host === undefined ? {} : { host }),
    ...(limits === undefined ? {} : { limits }),
  });
};

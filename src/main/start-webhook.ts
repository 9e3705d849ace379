/** Wires the webhook to its caches, its certificate and its port. */
import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import type { Credential } from '../certs/authority.ts';
import type { Keeper } from '../certs/keep-certificates.ts';
import { admissionAnswers } from '../core/admission/admission-answers.ts';
import { kinds } from '../core/kube-object.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal, type KubeJournal } from '../kube/journal.ts';
import type { Clock } from '../ports/clock.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { webhookApp } from '../webhook/webhook-app.ts';
import {
  startWebhookServer,
  type ClientCheck,
  type WebhookLimits,
  type WebhookServer,
} from '../webhook/webhook-server.ts';
import type { Certificates } from './webhook-certificates.ts';
import { webhookRules } from './webhook-rules.ts';

export type WebhookSetup = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sluiceUser: string;
  readonly port: number;
  readonly host?: string;
  readonly certificates: Certificates;
  /** Who may call, where that is not everybody who reaches the port. */
  readonly clients?: ClientCheck;
  readonly limits?: Partial<WebhookLimits>;
};

const journalGrace = 2000;

export type RunningWebhook = {
  /** Resolves when there is a certificate and the port is open; rejects when it cannot be opened. */
  readonly server: Promise<WebhookServer>;
  /** Whether API servers can call: true, or why not. */
  readonly ready: () => true | string;
  readonly stop: () => Promise<void>;
};

/** Kinds of what the certificate is stored in and trusted by; watched in a cluster, not in development. */
const certificateKinds: ReadonlySet<string> = new Set(
  [kinds.secret, kinds.mutatingWebhook, kinds.validatingWebhook].map(({ kind }) => kind),
);

type Opening = { readonly server: Promise<WebhookServer>; open: WebhookServer | undefined };

/** Resolves when the certificate has been looked for; where there is one, API servers have been told whom to trust. */
export const startWebhook = async (setup: WebhookSetup): Promise<RunningWebhook> => {
  const { cluster, log } = setup;
  const journal = journalOf(setup);
  let opening: Opening | undefined;
  const opened = Promise.withResolvers<WebhookServer>();
  const use = (credential: Credential): void => {
    tellExpiry(setup, credential);
    if (opening === undefined) {
      opening = open(setup, credential, journal);
      opened.resolve(opening.server);
    } else {
      opening.server.then((server) => server.use(credential)).catch((err: unknown) => log.error({ err }, notTaken));
    }
  };
  // Which port is in use is known once it is open.
  const port = async (): Promise<number> => (await opening?.server)?.port ?? setup.port;
  const keeper = await setup.certificates({ use, port });
  cluster.onChange(({ gvk }) => {
    if (certificateKinds.has(gvk.kind)) void keeper.check();
  });
  await keeper.check();
  return {
    server: opened.promise,
    ready: () => readiness(opening?.open, keeper),
    stop: async () => {
      keeper.stop();
      await opening?.open?.close();
      await journal.close(journalGrace);
    },
  };
};

const notTaken = 'the certificate was not taken; the one before stays in use';

const open = (setup: WebhookSetup, credential: Credential, journal: KubeJournal): Opening => {
  const opening: Opening = { server: listen(setup, credential, journal), open: undefined };
  opening.server.then(
    (server) => {
      opening.open = server;
      setup.log.info({ port: server.port }, 'webhook started');
    },
    // Whoever waits for the server is told.
    () => undefined,
  );
  return opening;
};

const readiness = (server: WebhookServer | undefined, keeper: Keeper): true | string => {
  const certificate = keeper.ready();
  if (certificate !== true) return certificate;
  if (server === undefined) return 'the port is not open yet';
  return server.draining() ? 'the webhook is stopping' : true;
};

const tellExpiry = ({ metrics }: WebhookSetup, { cert }: Credential): void => {
  const { subject, validToDate } = new X509Certificate(cert);
  metrics.certificateExpiry(/^CN=(.*)$/m.exec(subject)?.[1] ?? '', validToDate.getTime());
};

const journalOf = ({ cluster, clock, log }: WebhookSetup): KubeJournal =>
  kubeJournal({ writer: cluster, author: { controller: `${group}/webhook`, instance: hostname() }, clock, log });

const listen = (setup: WebhookSetup, certificate: Credential, journal: KubeJournal): Promise<WebhookServer> => {
  const { cluster, clock, log, metrics, port, host, limits, clients } = setup;
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
    ...(clients === undefined ? {} : { clients }),
  });
};

/** Wires the webhook to its caches, its certificate and its port. */
import { X509Certificate } from 'node:crypto';
import { hostname } from 'node:os';
import type { Credential } from '../certs/authority.ts';
import type { Keeper } from '../certs/keep-certificates.ts';
import { admissionAnswers } from '../core/admission/admission-answers.ts';
import type { AllowedAddress } from '../core/outbound/allowed-address.ts';
import { kinds } from '../schema/kinds.ts';
import { toRfc3339 } from '../values/time.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal, type KubeJournal } from '../kube/journal.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { keepSelections, type Selections } from '../webhook/keep-selections.ts';
import { webhookApp } from '../webhook/webhook-app.ts';
import {
  startWebhookServer,
  type ClientCheck,
  type WebhookLimits,
  type WebhookServer,
} from '../webhook/webhook-server.ts';
import { selectingPolicies } from '../policies/policies.ts';
import { namingPort } from './port-in-use.ts';
import type { Certificates } from './webhook-certificates.ts';
import { webhookRules } from './webhook-rules.ts';

export type WebhookSetup = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sluiceUser: string;
  /** Addresses that policies may name. */
  readonly addresses: readonly AllowedAddress[];
  /** The namespace that Sluice is installed in, about whose workloads it is never asked. */
  readonly ownNamespace?: string | undefined;
  readonly port: number;
  readonly host?: string;
  readonly certificates: Certificates;
  /** Restricts who may call. Default: everybody who reaches the port. */
  readonly clients?: ClientCheck;
  /** The name of both webhook configurations, and the client that writes them. */
  readonly configurations: { readonly name: string; readonly writer: Pick<ClusterWriter, 'fetch' | 'patch'> };
  readonly limits?: Partial<WebhookLimits>;
};

const journalGrace = 2000;

export type RunningWebhook = {
  /** Resolves when there is a certificate and the port is open; rejects if it cannot be opened. */
  readonly server: Promise<WebhookServer>;
  /** True if API servers can call the webhook, otherwise the reason. */
  readonly ready: () => true | string;
  readonly stop: () => Promise<void>;
};

/** Kinds on which the certificate depends. Watched in a cluster, but not in development. */
const certificateKinds: ReadonlySet<string> = new Set(
  [kinds.secret, kinds.mutatingWebhook, kinds.validatingWebhook].map(({ kind }) => kind),
);

const selectionKinds: ReadonlySet<string> = new Set(
  [kinds.canaryPolicy, kinds.clusterCanaryPolicy, kinds.mutatingWebhook, kinds.validatingWebhook].map(
    ({ kind }) => kind,
  ),
);

type Opening = { readonly server: Promise<WebhookServer>; open: WebhookServer | undefined };

/** Resolves after the first check of the certificate. If there is one, its authority has been published. */
export const startWebhook = async (setup: WebhookSetup): Promise<RunningWebhook> => {
  const { cluster, log } = setup;
  const journal = journalOf(setup);
  const selections = followPolicies(setup);
  let opening: Opening | undefined;
  const opened = Promise.withResolvers<WebhookServer>();
  const use = (credential: Credential): void => {
    tellExpiry(setup, credential);
    // In development, the configurations have just been installed again.
    selections.check();
    if (opening === undefined) {
      opening = open(setup, credential, journal);
      opened.resolve(opening.server);
    } else {
      opening.server.then((server) => server.use(credential)).catch((err: unknown) => log.error({ err }, notTaken));
    }
  };
  // If port 0 was requested, the actual port is known only once it is open.
  const port = async (): Promise<number> => (await opening?.server)?.port ?? setup.port;
  const keeper = await setup.certificates({ use, port });
  cluster.onChange(({ gvk }) => {
    if (certificateKinds.has(gvk.kind)) void keeper.check();
  });
  await keeper.check();
  selections.check();
  return {
    server: opened.promise,
    ready: () => readiness(opening?.open, keeper),
    stop: async () => {
      keeper.stop();
      await selections.stop();
      await opening?.open?.close();
      await journal.close(journalGrace);
    },
  };
};

const notTaken = 'the new certificate was rejected; the previous one stays in use';

const open = (setup: WebhookSetup, credential: Credential, journal: KubeJournal): Opening => {
  const opening: Opening = { server: listen(setup, credential, journal), open: undefined };
  opening.server.then(
    (server) => {
      opening.open = server;
      setup.log.info({ port: server.port }, 'webhook started');
    },
    // The error is reported to those who await `server`.
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

/** Updates the webhook entries when policies or configurations change. In development only policies are watched. */
const followPolicies = ({ cluster, clock, configurations, log }: WebhookSetup): Selections => {
  const selections = keepSelections({
    cluster: configurations.writer,
    configuration: configurations.name,
    policies: () => selectingPolicies(cluster),
    clock,
    changed: (count) => log.info({ policies: count }, 'webhook entries updated for the selectors of policies'),
    failed: (err) => log.error({ err }, 'webhook entries could not be updated for the selectors of policies; retrying'),
  });
  cluster.onChange(({ gvk }) => {
    if (selectionKinds.has(gvk.kind)) selections.check();
  });
  return selections;
};

const tellExpiry = ({ metrics, log }: WebhookSetup, { cert }: Credential): void => {
  const { subject, validToDate } = new X509Certificate(cert);
  metrics.certificateExpiry(/^CN=(.*)$/m.exec(subject)?.[1] ?? '', validToDate.getTime());
  log.info({}, `serving with a certificate that expires on ${toRfc3339(validToDate.getTime())}`);
};

const journalOf = ({ cluster, clock, log }: WebhookSetup): KubeJournal =>
  kubeJournal({ writer: cluster, author: { controller: `${group}/webhook`, instance: hostname() }, clock, log });

const listen = (setup: WebhookSetup, certificate: Credential, journal: KubeJournal): Promise<WebhookServer> => {
  const { cluster, clock, log, metrics, port, host, limits, clients } = setup;
  const app = webhookApp({
    ...admissionAnswers(webhookRules(cluster, setup.sluiceUser, setup)),
    journal,
    ready: () => (cluster.pending().length === 0 ? true : `waiting for ${cluster.pending().join(', ')}`),
    failureMode: 'closed',
    log,
    metrics,
    clock,
  });
  const opened = startWebhookServer({
    app,
    certificate,
    port,
    clock,
    ...(host === undefined ? {} : { host }),
    ...(limits === undefined ? {} : { limits }),
    ...(clients === undefined ? {} : { clients }),
  });
  return namingPort('port', port, opened);
};

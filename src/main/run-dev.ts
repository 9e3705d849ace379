/** `sluice dev`: webhook and controller in one process outside the cluster. Removes what it installed when it ends. */
import { isIP } from 'node:net';
import { memoryStore } from '../certs/certificate-store.ts';
import type { ServingNames } from '../certs/authority.ts';
import type { DevConfig } from '../config/settings.ts';
import { kinds } from '../schema/kinds.ts';
import type { Api } from '../kube/api.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { clusterWriter } from '../kube/cluster-writer.ts';
import { pause } from '../ports/clock.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import { fieldManager, managedBy } from '../schema/names.ts';
import { webhookConfigurations } from '../manifests/webhooks.ts';
import { workedKinds } from './worked-kinds.ts';
import { ensure, installDefinitions, permissions, uninstall, type Installed } from './install.ts';
import { policyAddresses } from './policy-addresses.ts';
import { leftBehind } from '../core/release/left-behind.ts';
import { refuseBeside, takenOverBy } from './other-dev.ts';
import { partsOf, type Parts } from './run-parts.ts';
import type { MetricsServer } from '../telemetry/metrics-server.ts';
import { startWebhook, type RunningWebhook } from './start-webhook.ts';
import { trustInstalled } from '../certs/trust-installed.ts';
import { devWatches } from './watches.ts';
import { selfMade } from './webhook-certificates.ts';
import type { Work } from '../kube/leader-election.ts';
import { wireController } from './wire-controller.ts';

const betweenLooks = 100;
// No Service routes to a development process, so requests stop once its webhook configurations are gone. Only unused
// connections from API servers are left.
const limits = { lameDuck: 0, grace: 1000 };

/** The name contains the namespace, so that development processes for different namespaces do not interfere. */
const nameFor = ({ namespace }: DevConfig): string =>
  `${managedBy}-dev${namespace === undefined ? '' : `-${namespace}`}`;

const addressOf = ({ host }: DevConfig, port: number): string =>
  `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

const webhooks = (config: DevConfig, port: number, bundle: string): readonly Installed[] => {
  const [mutating, validating] = webhookConfigurations({
    name: nameFor(config),
    clientConfig: { url: addressOf(config, port) },
    caBundle: Buffer.from(bundle).toString('base64'),
    sluiceUsers: [config.sluiceUser],
    providerKinds: workedKinds,
    failurePolicy: config.failurePolicy,
    ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
  });
  return [
    { gvk: kinds.mutatingWebhook, object: mutating },
    { gvk: kinds.validatingWebhook, object: validating },
  ];
};

type Installer = {
  readonly writer: ClusterWriter;
  readonly install: (objects: readonly Installed[]) => Promise<void>;
  readonly removeAll: () => Promise<void>;
  /** Removes only what this process created: the rest may belong to another running process. */
  readonly removeCreated: () => Promise<void>;
};

/** Writes as the developer, who has the rights to grant Sluice its permissions. */
const installer = (parts: Parts): Installer => {
  const writer = clusterWriter({
    api: parts.connect(),
    fieldManager,
    seen: { written: () => undefined, gone: () => undefined },
  });
  const installed = new Map<string, Installed>();
  const created = new Set<Installed>();
  return {
    writer,
    install: async (objects) => {
      for (const one of objects) {
        installed.set(`${one.gvk.kind}/${one.object.metadata.name}`, one);
        if (await ensure(writer, one)) created.add(one);
      }
    },
    // Webhook configurations were installed last and are removed first, which ends all requests.
    removeAll: () => uninstall(writer, [...installed.values()].reverse()),
    removeCreated: () => uninstall(writer, [...created].reverse()),
  };
};

const servingNames = ({ host }: DevConfig): ServingNames =>
  isIP(host) === 0 ? { dnsNames: [host], ips: [] } : { dnsNames: [], ips: [host] };

/** The parts started so far, so that a failed start can be cleaned up completely. */
type Started = {
  api?: Api;
  cluster?: ConnectedCluster;
  probes?: MetricsServer;
  webhook?: RunningWebhook;
  work?: Work;
  /** Where the webhook configurations point. */
  address?: string;
};

const start = async (
  config: DevConfig,
  parts: Parts,
  { writer, install }: Installer,
  started: Started,
): Promise<void> => {
  const { clock, log } = parts;
  const addresses = policyAddresses(config);
  await refuseBeside(writer, nameFor(config));
  await installDefinitions(writer, () => pause(clock, betweenLooks));
  await install(permissions(nameFor(config), config.sluiceUser));
  const api = (started.api = parts.connect({ as: config.sluiceUser }));
  const cluster = (started.cluster = parts.watch(api, devWatches(config.namespace)));
  await cluster.ready;
  const probes = (started.probes = await parts.serveMetrics(cluster));
  const trust = trustInstalled({
    cluster: writer,
    name: nameFor(config),
    install: (bundle, port) => install(webhooks(config, port, bundle)),
  });
  const webhook = (started.webhook = await startWebhook({
    ...parts,
    ...config,
    addresses,
    cluster,
    certificates: selfMade({ ...parts, names: servingNames(config), store: memoryStore(), trust }),
    configurations: { name: nameFor(config), writer },
    limits,
  }));
  const server = await webhook.server;
  const work = (started.work = await wireController({ ...parts, ...config, addresses, cluster }));
  started.address = addressOf(config, server.port);
  work.start();
  log.info({ port: server.port, metricsPort: probes.port }, 'sluice is ready');
};

const stopAll = async (
  { api, cluster, probes, webhook, work }: Started,
  uninstallParts: () => Promise<void>,
): Promise<void> => {
  await work?.finish();
  await work?.close();
  await uninstallParts();
  await webhook?.stop();
  await cluster?.stop();
  await probes?.close();
  api?.close();
};

/** Says what it leaves, and removes what it installed unless another process has taken it over. */
const handBack = async (config: DevConfig, { log }: Parts, tools: Installer, started: Started): Promise<void> => {
  const releases = started.cluster?.list(kinds.release, config.namespace) ?? [];
  for (const text of leftBehind(releases)) log.warn({}, text);
  const name = nameFor(config);
  const other = started.address === undefined ? undefined : await takenOverBy(tools.writer, name, started.address);
  if (other === undefined) await tools.removeAll();
  else log.warn({}, `the webhook configurations ${name} now belong to the process at ${other}; nothing was removed`);
};

/**
 * Resolves to a function that stops everything and removes what was installed. If it rejects, both have happened
 * already.
 */
export const runDev = async (config: DevConfig): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const tools = installer(parts);
  const started: Started = {};
  try {
    await start(config, parts, tools, started);
    return () => stopAll(started, () => handBack(config, parts, tools, started));
  } catch (error) {
    await stopAll(started, tools.removeCreated).catch((err: unknown) =>
      parts.log.error({ err }, 'the installed objects could not be removed'),
    );
    throw error;
  }
};

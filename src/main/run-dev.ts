/** `sluice dev`: webhook and controller in one process outside the cluster. What it installs it takes away at the end. */
import { isIP } from 'node:net';
import { memoryStore } from '../certs/certificate-store.ts';
import type { ServingNames } from '../certs/authority.ts';
import type { DevConfig } from '../config/settings.ts';
import { kinds } from '../schema/kinds.ts';
import { clusterWriter } from '../kube/cluster-writer.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import { fieldManager, managedBy } from '../schema/names.ts';
import { webhookConfigurations } from '../manifests/webhooks.ts';
import { usedKinds } from '../traffic/index.ts';
import { ensure, installDefinitions, permissions, uninstall, type Installed } from './install.ts';
import { partsOf, type Parts } from './run-parts.ts';
import { startWebhook } from './start-webhook.ts';
import { trustInstalled } from './trust-installed.ts';
import { controllerWatches } from './watches.ts';
import { selfMade } from './webhook-certificates.ts';
import { wireController } from './wire-controller.ts';

const pause = 100;
// Nobody routes to a development process through a Service: once its configurations are gone, nobody asks any more. What
// is left are connections that API servers have opened and never used.
const limits = { lameDuck: 0, grace: 1000 };

/** Two development processes for different namespaces do not meet. */
const nameFor = ({ namespace }: DevConfig): string =>
  `${managedBy}-dev${namespace === undefined ? '' : `-${namespace}`}`;

const webhooks = (config: DevConfig, port: number, bundle: string): readonly Installed[] => {
  const host = isIP(config.host) === 6 ? `[${config.host}]` : config.host;
  const [mutating, validating] = webhookConfigurations({
    name: nameFor(config),
    clientConfig: { url: `https://${host}:${port}` },
    caBundle: Buffer.from(bundle).toString('base64'),
    sluiceUsers: [config.sluiceUser],
    providerKinds: usedKinds,
    failurePolicy: config.failurePolicy,
    ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
  });
  return [
    { gvk: kinds.mutatingWebhook, object: mutating },
    { gvk: kinds.validatingWebhook, object: validating },
  ];
};

type Installer = {
  readonly install: (objects: readonly Installed[]) => Promise<void>;
  readonly takeAway: () => Promise<void>;
};

/** Writes as the developer, whose rights are enough to grant Sluice its own. */
const installer = (parts: Parts): Installer & { readonly writer: ClusterWriter } => {
  const writer = clusterWriter({
    api: parts.connect(),
    fieldManager,
    seen: { written: () => undefined, gone: () => undefined },
  });
  const installed = new Map<string, Installed>();
  return {
    writer,
    install: async (objects) => {
      for (const one of objects) {
        installed.set(`${one.gvk.kind}/${one.object.metadata.name}`, one);
        await ensure(writer, one);
      }
    },
    // Webhook configurations were installed last and go first: from then on nobody asks.
    takeAway: () => uninstall(writer, [...installed.values()].reverse()),
  };
};

const servingNames = ({ host }: DevConfig): ServingNames =>
  isIP(host) === 0 ? { dnsNames: [host], ips: [] } : { dnsNames: [], ips: [host] };

/** Resolves with a function that stops everything and takes away what was installed. */
export const runDev = async (config: DevConfig): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const { clock, log } = parts;
  const { writer, install, takeAway } = installer(parts);
  await installDefinitions(writer, () => new Promise((resolve) => void clock.after(pause, resolve)));
  await install(permissions(nameFor(config), config.sluiceUser));
  const api = parts.connect({ as: config.sluiceUser });
  const cluster = parts.watch(api, controllerWatches(config.namespace));
  await cluster.ready;
  const probes = await parts.serveMetrics(cluster);
  const trust = trustInstalled({
    cluster: writer,
    name: nameFor(config),
    install: (bundle, port) => install(webhooks(config, port, bundle)),
  });
  const webhook = await startWebhook({
    ...parts,
    ...config,
    cluster,
    certificates: selfMade({ ...parts, names: servingNames(config), store: memoryStore(), trust }),
    configurations: { name: nameFor(config), writer },
    limits,
  });
  const server = await webhook.server;
  const work = await wireController({ ...parts, ...config, cluster });
  work.start();
  log.info({ port: server.port, metricsPort: probes.port }, 'sluice is ready');
  return async () => {
    await work.finish();
    await work.close();
    await takeAway();
    await webhook.stop();
    await cluster.stop();
    await probes.close();
    api.close();
  };
};

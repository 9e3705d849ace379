/** `sluice webhook`: answers admission requests inside the cluster. Any number of replicas share one certificate. */
import { secretStore } from '../certs/secret-store.ts';
import { trustAuthority } from '../certs/trust.ts';
import type { WebhookConfig } from '../config/settings.ts';
import { partsOf } from './run-parts.ts';
import { startWebhook } from './start-webhook.ts';
import { certificateWatches, webhookWatches } from './watches.ts';

export const runWebhook = async (config: WebhookConfig): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const { clock, serverClock, log, metrics } = parts;
  const cluster = parts.watch(parts.connect(), [...webhookWatches(config.namespace), ...certificateWatches(config)]);
  await cluster.ready;
  const probes = await parts.serveMetrics(cluster);
  const { name, namespace } = config.service;
  const names = { dnsNames: [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`], ips: [] };
  const webhook = await startWebhook({
    cluster,
    clock,
    serverClock,
    log,
    metrics,
    sluiceUser: config.sluiceUser,
    port: config.port,
    names,
    store: secretStore(cluster, config.certificateSecret),
    trust: (bundle) => trustAuthority(cluster, config.webhookConfiguration, bundle),
  });
  log.info({ port: webhook.server.port }, 'sluice is ready');
  return async () => {
    await webhook.stop();
    await cluster.stop();
    await probes.close();
  };
};

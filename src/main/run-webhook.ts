/** `sluice webhook`: answers admission requests inside the cluster. Any number of replicas share one certificate. */
import { certificatesIn } from '../certs/material.ts';
import type { WebhookConfig } from '../config/settings.ts';
import type { WebhookServer } from '../webhook/webhook-server.ts';
import { followFile, type FollowedFile } from '../certs/follow-file.ts';
import { policyAddresses } from './policy-addresses.ts';
import { ownNamespace } from './own-namespace.ts';
import { partsOf, type Parts } from './run-parts.ts';
import { startWebhook } from './start-webhook.ts';
import { certificateWatches, webhookWatches } from './watches.ts';
import { certificatesFor } from './webhook-certificates.ts';

export const runWebhook = async (config: WebhookConfig): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const { clock, serverClock, log, metrics } = parts;
  const cluster = parts.watch(parts.connect(), [...webhookWatches(config.namespace), ...certificateWatches(config)]);
  let ready = (): true | string => 'the webhook is starting';
  const probes = await parts.serveMetrics(cluster, () => ready());
  const serving: { server?: WebhookServer } = {};
  const callers = await followCallers(config, parts, (ca) => serving.server?.admit(ca));
  await cluster.ready;
  const webhook = await startWebhook({
    cluster,
    clock,
    log,
    metrics,
    sluiceUser: config.sluiceUser,
    addresses: policyAddresses(config),
    ownNamespace: ownNamespace(config.service, config.namespace),
    port: config.port,
    certificates: certificatesFor(config, { cluster, serverClock, log }),
    configurations: { name: config.webhookConfiguration, writer: cluster },
    ...(callers === undefined ? {} : { clients: { ca: callers.text, names: config.clientNames ?? [] } }),
  });
  ready = webhook.ready;
  const server = await webhook.server;
  serving.server = server;
  log.info({ port: server.port }, 'sluice is ready');
  return async () => {
    callers?.stop();
    await webhook.stop();
    await cluster.stop();
    await probes.close();
  };
};

/** The authorities of client certificates, if callers must have one. Rejects if the file contains none. */
const followCallers = async (
  { clientCa }: WebhookConfig,
  { clock, log }: Parts,
  admit: (ca: string) => void,
): Promise<FollowedFile | undefined> => {
  if (clientCa === undefined) return undefined;
  const complaint = `${clientCa} holds no certificate`;
  const file = await followFile(clientCa, clock, {
    changed: (text) => {
      if (certificatesIn(text).length === 0) {
        log.error({}, `${complaint}; the previous authorities stay in use`);
        return;
      }
      admit(text);
      log.info({}, 'the authorities of client certificates have changed');
    },
    failed: (err) => log.error({ err }, `${clientCa} cannot be read; the previous authorities stay in use`),
  });
  if (certificatesIn(file.text).length > 0) return file;
  file.stop();
  throw new Error(complaint);
};

/** `sluice controller`: runs the releases inside the cluster. */
import type { ControllerConfig } from '../config/settings.ts';
import { partsOf } from './run-parts.ts';
import { startController } from './start-controller.ts';
import { controllerWatches } from './watches.ts';

export const runController = async (config: ControllerConfig): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const { clock, log, metrics } = parts;
  const cluster = parts.watch(parts.connect(), controllerWatches(config.namespace));
  const probes = await parts.serveMetrics(cluster);
  const controller = await startController({
    cluster,
    clock,
    log,
    metrics,
    prometheus: config.prometheus,
    workers: config.workers,
  });
  log.info({}, 'sluice is ready');
  return async () => {
    await controller.stop();
    await cluster.stop();
    await probes.close();
  };
};

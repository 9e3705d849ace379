/** Wires the controller to its adapters. */
import { hostname } from 'node:os';
import { createController } from '../controller/controller.ts';
import { measureRound } from '../controller/measure.ts';
import { threshold } from '../core/judge/threshold.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal } from '../kube/journal.ts';
import type { Clock } from '../ports/clock.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { detectProvider } from '../traffic/detect.ts';
import { trafficProviders } from '../traffic/index.ts';
import { knownProviders } from './known-providers.ts';
import { metricSources } from './metric-sources.ts';
import { policyPort } from './policies.ts';

export type ControllerParts = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly prometheus: string | undefined;
  readonly workers: number;
};

const queryDeadline = 10_000;
const journalGrace = 2000;

/** Starts when the caches are filled. The promise of `stop` resolves when nothing is in flight. */
export const startController = async ({
  cluster,
  clock,
  log,
  metrics,
  prometheus,
  workers,
}: ControllerParts): Promise<{ stop: () => Promise<void> }> => {
  const journal = kubeJournal({
    writer: cluster,
    author: { controller: `${group}/controller`, instance: hostname() },
    clock,
    log,
  });
  const controller = createController(
    {
      cluster,
      clock,
      traffic: { providers: trafficProviders, detect: detectProvider },
      policies: policyPort(cluster, knownProviders(cluster)),
      measure: measureRound({ source: metricSources(prometheus), judge: threshold, deadline: queryDeadline }),
      journal,
      metrics,
      log,
    },
    { workers },
  );
  await cluster.ready;
  controller.start();
  log.info({}, 'controller started');
  return {
    stop: async () => {
      await controller.stop();
      await journal.close(journalGrace);
    },
  };
};

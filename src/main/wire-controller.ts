/** Wires the controller to its adapters. */
import { hostname } from 'node:os';
import { createController } from '../controller/controller.ts';
import type { ControllerDependencies } from '../controller/dependencies.ts';
import { formerTemplates } from '../controller/former-templates.ts';
import { measureRound } from '../controller/measure.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal } from '../kube/journal.ts';
import { metricSources } from '../metrics/index.ts';
import { metricOutside } from '../outside/outside.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { detectProvider } from '../traffic/detect.ts';
import { trafficProviders } from '../traffic/index.ts';
import { knownProviders } from './known-providers.ts';
import { openSources } from './open-sources.ts';
import { policyPort } from './policies.ts';

export type ControllerParts = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly prometheus: string | undefined;
  readonly workers: number;
};

const journalGrace = 2000;

/** What one replica does at a time. */
export type Work = {
  readonly start: () => void;
  /** Begins nothing more; resolves when nothing is in flight. */
  readonly finish: () => Promise<void>;
  /** Resolves when the journal is sent, or time is up for it. */
  readonly close: () => Promise<void>;
  readonly journal: Journal;
};

/** Resolves when the caches are filled and work can start. */
export const wireController = async (parts: ControllerParts): Promise<Work> => {
  const { cluster, clock, log, metrics, prometheus, workers } = parts;
  const author = { controller: `${group}/controller`, instance: hostname() };
  const journal = kubeJournal({ writer: cluster, author, clock, log });
  const providers = knownProviders(cluster);
  const outside = metricOutside({
    clock,
    open: openSources(prometheus),
    forms: metricSources,
    random: () => Math.random(),
  });
  const dependencies: ControllerDependencies = {
    cluster,
    clock,
    traffic: { providers: trafficProviders, detect: detectProvider },
    providers,
    policies: policyPort(cluster, providers),
    measure: measureRound(outside),
    formerTemplates: formerTemplates(),
    journal,
    metrics,
    log,
  };
  const controller = createController(dependencies, { workers });
  await cluster.ready;
  return {
    start: () => {
      metrics.leader(true);
      controller.start();
      log.info({}, 'controller started');
    },
    finish: async () => {
      await controller.stop();
      outside.stop();
    },
    close: () => journal.close(journalGrace),
    journal,
  };
};

/** Wires the controller to its adapters. */
import { hostname } from 'node:os';
import { createController } from '../controller/controller.ts';
import type { ControllerDependencies } from '../controller/dependencies.ts';
import { formerTemplates } from '../controller/former-templates.ts';
import { measureRound } from '../controller/measure.ts';
import { threshold } from '../core/judge/threshold.ts';
import type { AllowedAddress } from '../core/outbound/allowed-address.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal } from '../kube/journal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
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
  /** Addresses that policies may name. */
  readonly addresses: readonly AllowedAddress[];
  readonly workers: number;
};

const queryDeadline = 10_000;
const journalGrace = 2000;

/** The work that only the leader does. */
export type Work = {
  readonly start: () => void;
  /** Starts no more work; resolves when none is in flight. */
  readonly finish: () => Promise<void>;
  /** Resolves when the journal is sent, or after a timeout. */
  readonly close: () => Promise<void>;
  readonly journal: Journal;
};

/** Resolves when the caches are filled and work can start. */
export const wireController = async (parts: ControllerParts): Promise<Work> => {
  const { cluster, clock, log, metrics, prometheus: own, addresses, workers } = parts;
  const author = { controller: `${group}/controller`, instance: hostname() };
  const journal = kubeJournal({ writer: cluster, author, clock, log });
  const providers = knownProviders(cluster);
  const dependencies: ControllerDependencies = {
    cluster,
    clock,
    traffic: { providers: trafficProviders, detect: detectProvider },
    providers,
    policies: policyPort(cluster, { providers, addresses }),
    measure: measureRound({ source: metricSources({ own, addresses }), judge: threshold, deadline: queryDeadline }),
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
    finish: () => controller.stop(),
    close: () => journal.close(journalGrace),
    journal,
  };
};

/** Wires the controller to its adapters. */
import type { Work } from '../kube/leader-election.ts';
import { hostname } from 'node:os';
import { createController } from '../controller/controller.ts';
import type { ControllerDependencies } from '../controller/dependencies.ts';
import { formerTemplates } from '../controller/former-templates.ts';
import type { AllowedAddress } from '../core/outbound/allowed-address.ts';
import type { ConnectedCluster } from '../kube/cluster.ts';
import { kubeJournal } from '../kube/journal.ts';
import { sourceForms } from '../metrics/index.ts';
import { metricOutside } from '../outside/outside.ts';
import type { Clock } from '../ports/clock.ts';
import { group } from '../schema/names.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { releaseIndex } from '../controller/release-index.ts';
import { detectProvider } from '../traffic/detect.ts';
import { concerns, routeFormats, trafficProviders, trafficRunners } from '../traffic/index.ts';
import { knownProviders } from '../traffic/known-providers.ts';
import { metricSources } from './metric-sources.ts';
import { policyPort } from '../policies/policies.ts';

export type ControllerParts = {
  readonly cluster: ConnectedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly prometheus: string | undefined;
  /** Addresses that policies may name. */
  readonly addresses: readonly AllowedAddress[];
  readonly workers: number;
  /** The namespace that Sluice is installed in, whose workloads it never releases. */
  readonly ownNamespace?: string | undefined;
};

const journalGrace = 2000;

const traffic = { providers: trafficRunners, formats: routeFormats, detect: detectProvider(trafficProviders) };

/** Resolves when the caches are filled and work can start. */
export const wireController = async (parts: ControllerParts): Promise<Work> => {
  const { cluster, clock, log, metrics, prometheus: own, addresses, workers, ownNamespace } = parts;
  const author = { controller: `${group}/controller`, instance: hostname() };
  const journal = kubeJournal({ writer: cluster, author, clock, log });
  const providers = knownProviders(cluster);
  const open = metricSources({ own, addresses, clock });
  const outside = metricOutside({ clock, open, forms: sourceForms, random: () => Math.random() });
  const dependencies: ControllerDependencies = {
    cluster,
    clock,
    traffic,
    index: releaseIndex(cluster, concerns),
    providers,
    policies: policyPort(cluster, { forms: sourceForms, providers, addresses, ownNamespace }),
    outside,
    told: new Map(),
    rolls: new Map(),
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

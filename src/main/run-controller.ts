/** `sluice controller`: runs the releases inside the cluster. One replica leads, the others stand by. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ControllerConfig } from '../config/settings.ts';
import { holdLease, leaseTimes } from '../kube/lease.ts';
import { watchLease } from '../kube/watch-lease.ts';
import { systemElapsed } from '../ports/clock.ts';
import { policyAddresses } from './policy-addresses.ts';
import { ownNamespace } from './own-namespace.ts';
import { partsOf, type Parts } from './run-parts.ts';
import { electLeader } from '../kube/leader-election.ts';
import { controllerWatches } from './watches.ts';
import type { Work } from '../kube/leader-election.ts';
import { wireController } from './wire-controller.ts';

type Running = { readonly mayWrite: () => boolean; readonly stop: () => Promise<void> };

/** `giveUp` ends the process at once: called when the lease is lost. */
export const runController = async (
  config: ControllerConfig,
  giveUp: (because: string) => void,
): Promise<() => Promise<void>> => {
  const parts = partsOf(config);
  const { clock, log, metrics } = parts;
  const running: { now?: Running } = {};
  const api = parts.connect({ mayWrite: () => running.now?.mayWrite() === true });
  const cluster = parts.watch(api, controllerWatches(config.namespace));
  const probes = await parts.serveMetrics(cluster);
  const { prometheus, workers } = config;
  const addresses = policyAddresses(config);
  const { lease } = config;
  const own = ownNamespace(lease, config.namespace);
  const work = await wireController({
    cluster,
    clock,
    log,
    metrics,
    prometheus,
    addresses,
    workers,
    ownNamespace: own,
  });
  const now = lease === undefined ? alone(work) : elected({ ...config, lease }, { parts, work, giveUp });
  running.now = now;
  log.info({ metricsPort: probes.port }, 'sluice is ready');
  return async () => {
    await now.stop();
    await cluster.stop();
    await probes.close();
  };
};

const alone = (work: Work): Running => {
  work.start();
  return {
    mayWrite: () => true,
    stop: async () => {
      await work.finish();
      await work.close();
    },
  };
};

type Candidacy = ControllerConfig & { readonly lease: NonNullable<ControllerConfig['lease']> };
type Around = { readonly parts: Parts; readonly work: Work; readonly giveUp: (because: string) => void };

const elected = ({ lease, leaseSeconds }: Candidacy, { parts, work, giveUp }: Around): Running => {
  const { clock, log } = parts;
  // As in client-go: a restarted container in the same pod is a new candidate.
  const identity = `${hostname()}_${randomUUID()}`;
  const api = parts.connect();
  const watch = watchLease({ api, clock, log }, lease);
  const rest = { clock, elapsed: systemElapsed, log, times: leaseTimes(leaseSeconds * 1000) };
  const { holder, stop } = electLeader({
    identity,
    work,
    giveUp,
    hold: (callbacks) => holdLease({ ...lease, ...callbacks, ...rest, api, identity, follow: watch.follow }),
  });
  return {
    mayWrite: () => holder.leading,
    stop: async () => {
      await stop();
      await watch.stop();
    },
  };
};

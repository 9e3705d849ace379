/** Many workloads in one namespace of a cluster in memory, each with a Service and a VirtualService, and the real controller. */
import { runControllers } from '../../src/memory/run-controllers.ts';
import type { MemoryCluster } from '../../src/memory/memory-client.ts';
import { connectMemory } from '../../src/memory/memory-cluster.ts';
import { MemoryServer } from '../../src/memory/memory-server.ts';
import { definitionOf } from '../../src/memory/served-kinds.ts';
import { controllerWatches, webhookWatches } from '../../src/main/watches.ts';
import { manualClock, type ManualClock } from '../../src/ports/clock.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Release, ReleaseStatus } from '../../src/schema/release.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { gvk, isA, type JsonObject, type KubeObject, type ObjectRef } from '../../src/values/kube-object.ts';
import { sluiceAdmission } from '../../test/harness/admission.ts';
import { storyController } from '../../test/harness/engine-wiring.ts';
import { app, service, virtualService } from '../../test/support/manifests.ts';
import { steadyTraffic, type SteadyTraffic } from './steady-traffic.ts';

const namespace = 'shop';
const sluice = 'system:serviceaccount:sluice-system:sluice';
const person = { user: 'alice@example.com', fieldManager: 'kubectl-client-side-apply' };
const route = gvk('networking.istio.io/v1', 'VirtualService', 'virtualservices');

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '5,25,50',
  'sluice.dev/interval': '10s',
  'sluice.dev/latency-p99': '500ms',
};

export type Fleet = {
  readonly clock: ManualClock;
  readonly traffic: SteadyTraffic;
  readonly names: readonly string[];
  readonly reconciles: () => number;
  readonly writes: () => number;
  /** Applies a version of these workloads. */
  readonly apply: (names: readonly string[], version: string) => void;
  readonly status: (name: string) => ReleaseStatus | undefined;
  /** Somebody else changes the VirtualService of a workload where no split is. */
  readonly touch: (name: string, text: string) => void;
  /** Lets everything happen that needs no time. */
  readonly settle: () => Promise<void>;
  /** Lets time pass, from one thing that happens to the next, until it holds. */
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
};

const inNamespace = (object: object): KubeObject => {
  const { metadata, ...rest } = object as KubeObject;
  return { ...rest, metadata: { namespace, ...metadata } };
};

const install = (server: MemoryServer): void => {
  const root = { user: 'root' };
  server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, kinds.namespace, root);
  for (const kind of [kinds.release, kinds.canaryPolicy, kinds.clusterCanaryPolicy, route])
    server.create(definitionOf(kind), kinds.crd, root);
};

const askWebhook = (server: MemoryServer, clock: ManualClock): void => {
  const definitions = webhookWatches(undefined).filter(({ gvk: { kind } }) => kind === kinds.crd.kind);
  const view = connectMemory({ server, watch: [...controllerWatches(undefined), ...definitions] });
  const admission = sluiceAdmission({ view, clock, sluice, warn: () => undefined });
  server.admission = (review) => {
    view.deliver();
    return admission(review);
  };
};

/** The newest Release of every workload; a cluster has no index of them. */
const followReleases = (server: MemoryServer): ((workload: string) => Release | undefined) => {
  const newest = new Map<string, Release>();
  server.subscribe(({ type, object }) => {
    if (type !== 'set' || !isA(object, kinds.release)) return;
    const { name } = object.spec.workload;
    const known = newest.get(name)?.metadata.uid ?? '';
    if ((object.metadata.uid ?? '') >= known) newest.set(name, object);
  });
  return (workload) => newest.get(workload);
};

type Running = { readonly cluster: MemoryCluster; readonly reconciles: () => number };

const runSluice = (server: MemoryServer, clock: ManualClock, traffic: SteadyTraffic): Running => {
  let count = 0;
  const metrics = createMetrics({ processMetrics: false });
  const telemetry = {
    ...metrics,
    reconcile: (...told: Parameters<typeof metrics.reconcile>): void => {
      count += 1;
      metrics.reconcile(...told);
    },
  };
  const author = { user: sluice, fieldManager: 'sluice' };
  const cluster = connectMemory({ server, watch: controllerWatches(undefined), author });
  const bug = (words: string): never => {
    throw new Error(words);
  };
  const journal = { record: () => undefined };
  storyController({ cluster, clock, journal, metrics: traffic, telemetry, workers: 8, bug }).start();
  return { cluster, reconciles: () => count };
};

const deploy = (server: MemoryServer, names: readonly string[]): void => {
  for (const name of names) {
    server.create(inNamespace(service(name)), kinds.service, person);
    server.create(inNamespace(virtualService(name)), route, person);
    server.create(inNamespace(app({ name, version: 'v1', replicas: 2, annotations })), kinds.deployment, person);
  }
};

/** Version 1 of `n` workloads serves. */
export const aFleet = async (n: number): Promise<Fleet> => {
  const clock = manualClock();
  const server = new MemoryServer({ clock });
  const releaseOf = followReleases(server);
  runControllers(server);
  install(server);
  askWebhook(server, clock);
  const names = Array.from({ length: n }, (_, i) => `web${i}`);
  const traffic = steadyTraffic(namespace, names, (name) => releaseOf(name)?.status?.weight ?? 0);
  const settle = (): Promise<void> => clock.advanceAsync(0);
  deploy(server, names);
  await clock.advanceAsync(1000);
  const { cluster, reconciles } = runSluice(server, clock, traffic);
  await settle();
  const patch = (ref: ObjectRef, body: JsonObject): void => void server.patch(ref, { type: 'merge', body }, {}, person);
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    await settle();
    for (let i = 0; i < 100_000 && !holds(); i += 1) {
      const [next] = clock.waiting();
      if (next === undefined) break;
      await clock.advanceAsync(next);
    }
    if (!holds()) throw new Error(`waited in vain for ${what}`);
  };
  return {
    clock,
    traffic,
    names,
    reconciles,
    writes: () => cluster.writes.length,
    apply: (some, version) => {
      for (const name of some)
        patch(
          { gvk: kinds.deployment, namespace, name },
          { spec: { template: (inNamespace(app({ name, version })).spec?.['template'] ?? {}) as JsonObject } },
        );
    },
    status: (name) => releaseOf(name)?.status,
    touch: (name, text) =>
      patch({ gvk: route, namespace, name: `${name}-routes` }, { metadata: { annotations: { touched: text } } }),
    settle,
    until,
  };
};

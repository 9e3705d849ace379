/** A real API server for the tests of the adapter: attached to, with a namespace per test file and everything closed at the end. */
import { afterAll } from '@jest/globals';
import { connectApi, type Api, type ApiOptions } from '../../src/kube/api.ts';
import { connectCluster, type ClusterOptions, type ConnectedCluster } from '../../src/kube/cluster.ts';
import type { WatchSpec } from '../../src/kube/watch-spec.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { attach } from '../cluster/up.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inTime } from '../cluster/in-time.ts';
import { memoryLog } from './memory-log.ts';

const closing: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
}, 60_000);

/** The test cluster and a namespace of its own in it. */
export const testCluster = async (name: string): Promise<{ cluster: Cluster; namespace: string }> => {
  const cluster = await attach();
  const namespace = `${name}-${process.pid}`;
  await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  closing.push(async () => {
    await cluster.kubectl('delete', 'namespace', namespace, '--wait=false');
  });
  return { cluster, namespace };
};

export const apiOf = (cluster: Cluster, options: Partial<ApiOptions> = {}): Api => {
  const given = options.serviceAccountFolder === undefined ? { kubeconfig: cluster.kubeconfig } : {};
  const api = connectApi({ env: {}, clock: systemClock, component: 'test', version: '0', ...given, ...options });
  closing.push(() => api.close());
  return api;
};

/** Resolves when everything is listed. */
export const clusterOf = async (
  api: Api,
  watch: readonly WatchSpec[],
  options: Partial<ClusterOptions> = {},
): Promise<ConnectedCluster> => {
  const log = memoryLog();
  const cluster = connectCluster({ api, watch, clock: systemClock, log, ...options });
  closing.push(() => cluster.stop());
  const seen = (): string =>
    log.lines
      .map(({ message }) => message)
      .slice(-5)
      .join('; ') || 'no trouble of a watch';
  await inTime('the first lists', cluster.ready, { seen });
  return cluster;
};

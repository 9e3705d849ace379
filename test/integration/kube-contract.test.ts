/** The contract of the cluster port, held by a real API server, its controllers and a kubelet. */
import { jest } from '@jest/globals';
import { clusterContract } from '../contract/cluster-suite.ts';
import { apiOf, clusterOf, testCluster } from '../kube/cluster-kit.ts';

jest.setTimeout(180_000);

clusterContract('a real API server', async () => {
  const { cluster, namespace } = await testCluster('kube-contract');
  const api = apiOf(cluster);
  return { namespace, connect: (watch) => clusterOf(api, watch) };
});

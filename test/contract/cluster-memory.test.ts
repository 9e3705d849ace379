import { inTime } from '../cluster/in-time.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { connectMemory } from '../../src/memory/memory-cluster.ts';
import { MemoryServer } from '../../src/memory/memory-server.ts';
import { runControllers } from '../../src/memory/run-controllers.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { clusterContract } from './cluster-suite.ts';

clusterContract('an API server in memory', () => {
  const server = new MemoryServer({ clock: systemClock });
  runControllers(server);
  const namespace = 'contract';
  const author = { user: 'tester' };
  server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, kinds.namespace, author);
  return Promise.resolve({
    namespace,
    connect: async (watch) => {
      const cluster = connectMemory({ server, watch, author });
      await inTime('the caches in memory', cluster.ready);
      return cluster;
    },
  });
});

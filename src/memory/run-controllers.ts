/** The control loops of Kubernetes that a release depends on, over an API server in memory. */
import type { ControlLoop } from './control-loop.ts';
import { deploymentController } from './deployment-controller.ts';
import { endpointController } from './endpoint-controller.ts';
import { garbageCollector } from './garbage-collector.ts';
import type { MemoryServer } from './memory-server.ts';
import { podController, type Pods } from './pods.ts';
import { replicaSetController, type ReplicaSetController } from './replica-set-controller.ts';

export type MemoryControllers = {
  readonly garbage: ControlLoop;
  readonly deployments: ControlLoop;
  readonly replicaSets: ReplicaSetController;
  readonly pods: Pods;
  readonly endpoints: ControlLoop;
};

/** They work from now on, each as soon as something changes that concerns it. */
export const runControllers = (server: MemoryServer): MemoryControllers => ({
  garbage: garbageCollector(server),
  deployments: deploymentController(server),
  replicaSets: replicaSetController(server),
  pods: podController(server),
  endpoints: endpointController(server),
});

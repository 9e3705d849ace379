/** A workload was deleted in the middle of a release: what is ours is collected with it, what is the user's is given back. */
import { canaryServiceName } from '../core/release/canary.ts';
import { isFinal } from '../core/release/state.ts';
import { kinds, type Service } from '../core/kube-object.ts';
import type { ProviderName, Target } from '../ports/traffic.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { liveOf, releasesOf, type ReleaseObject } from './gather.ts';

/** Restores the routes of every release of a workload that is gone. */
export const restoreAbandoned = async (
  deps: ControllerDependencies,
  namespace: string,
  workload: string,
): Promise<void> => {
  for (const release of releasesOf(deps.cluster, namespace, workload)) {
    if (release.status === undefined || isFinal(release.status.phase)) continue;
    await restoreRoutes(deps, namespace, workload, release);
  }
};

const restoreRoutes = async (
  deps: ControllerDependencies,
  namespace: string,
  workload: string,
  release: ReleaseObject,
): Promise<void> => {
  const { provider: name, service } = release.status ?? {};
  if (name === undefined || service === undefined) return;
  const apex = (deps.cluster.get({ gvk: kinds.service, namespace, name: service }) ?? {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service, namespace },
    spec: {},
  }) as unknown as Service;
  const target: Target = {
    namespace,
    workload,
    apex,
    canaryService: canaryServiceName(service),
    release: { name: release.name, uid: release.uid },
  };
  const provider = deps.traffic.providers[name as ProviderName];
  for (const change of provider.restore(target, liveOf(deps.cluster, provider, target))) {
    if (change.op === 'replace') await deps.cluster.replace(change.body, change.ref.gvk);
    if (change.op === 'remove') await deps.cluster.remove(change.ref, change.uid);
  }
  deps.log.info({ namespace, workload, release: release.name }, 'workload deleted during its release; routes restored');
};

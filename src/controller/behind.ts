/** Finds in the caches which workloads are behind a Service. */
import type { Behind, Neighbour } from '../values/behind.ts';
import type { Deployment, Service } from '../values/kube-object.ts';
import { isOurs } from '../schema/names.ts';
import type { ReleaseIndex } from './release-index.ts';

const neighbour = ({ metadata, spec, status }: Deployment): Neighbour => ({
  name: metadata.name,
  labels: spec.template.metadata?.labels ?? {},
  replicas: spec.replicas ?? 1,
  ready: status?.readyReplicas ?? 0,
});

/** Canaries are left out: they count as part of their workloads. */
export const behindOf = (index: Pick<ReleaseIndex, 'selectedBy'>, workload: Deployment, apex: Service): Behind => {
  const { namespace = '', name } = workload.metadata;
  return {
    labels: workload.spec.template.metadata?.labels ?? {},
    selector: workload.spec.selector.matchLabels ?? {},
    others: index
      .selectedBy(namespace, apex.spec.selector ?? {})
      .filter((one) => one.metadata.name !== name && !isOurs(one))
      .map(neighbour)
      .sort((a, b) => a.name.localeCompare(b.name)),
  };
};

/** What a release has made for its canary, as it is in the caches. */
import { canaryServiceName } from '../core/release/canary.ts';
import type { Deployment, KubeObject, Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Problem } from '../values/problem.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { canaryName, isOurs } from '../schema/names.ts';
import { inUse, madeForAnother } from './shared-service.ts';

type CanaryObjects = {
  readonly deployment?: Deployment;
  readonly service?: Service;
  readonly problems: readonly Problem[];
  /** The Service is of another workload's release. */
  readonly borrowed: boolean;
};

/** The canary's objects. Something of the same name that is not this workload's is a problem, and is never touched. */
export const canaryObjects = (
  cluster: ClusterView,
  { metadata }: Deployment,
  apex: string | undefined,
): CanaryObjects => {
  const { namespace = '', name } = metadata;
  const deployment = cluster.get({ gvk: kinds.deployment, namespace, name: canaryName(name) });
  const service =
    apex === undefined ? undefined : cluster.get({ gvk: kinds.service, namespace, name: canaryServiceName(apex) });
  const isOwn = (object: KubeObject): boolean => isOurs(object) && !madeForAnother(object, name);
  return {
    ...(deployment !== undefined && isOwn(deployment) ? { deployment } : {}),
    ...(service !== undefined && isOwn(service) ? { service } : {}),
    problems: [deployment, service].flatMap((o) =>
      o === undefined || isOwn(o) ? [] : [isOurs(o) ? inUse(o) : nameTaken(o)],
    ),
    borrowed: service !== undefined && isOurs(service) && !isOwn(service),
  };
};

const nameTaken = ({ kind, metadata }: KubeObject): Problem => ({
  field: `${kind}.metadata.name`,
  value: metadata.name,
  rule: `the canary needs this name, and a ${kind} that is not Sluice's has it`,
  todo: `Rename or delete ${kind} ${metadata.name}.`,
});

/** What a release has made for its canary, as it is in the caches, and what is left of an earlier one. */
import { canaryServiceName } from '../core/release/canary.ts';
import type { Deployment, KubeObject, Service } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Problem } from '../values/problem.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { canaryName, isMadeFor, isOurs, madeFor } from '../schema/names.ts';
import { fromRfc3339, type Instant } from '../values/time.ts';
import { inUse, madeForAnother } from './shared-service.ts';

export type CanaryObjects = {
  readonly deployment?: Deployment;
  readonly service?: Service;
  /** The canary Deployment, deleted and not gone yet: its pods go first. */
  readonly going?: Deployment;
  /** What has the canary's name and is not of this release, or is on its way out: nothing can be made beside it. */
  readonly inTheWay?: string;
  readonly problems: readonly Problem[];
  /** The Service is of another workload's release. */
  readonly borrowed: boolean;
};

export type CanaryOwner = { readonly name: string; readonly uid: string };

type Found = { readonly deployment: Deployment | undefined; readonly service: Service | undefined };

/** The canary's objects. Something of the same name that is not this workload's is a problem, and is never touched. */
export const canaryObjects = (
  cluster: ClusterView,
  { metadata }: Deployment,
  apex: string | undefined,
  release: CanaryOwner,
): CanaryObjects => {
  const { namespace = '', name } = metadata;
  const deployment = cluster.get({ gvk: kinds.deployment, namespace, name: canaryName(name) });
  const service =
    apex === undefined ? undefined : cluster.get({ gvk: kinds.service, namespace, name: canaryServiceName(apex) });
  const isOwn = (object: KubeObject): boolean => isOurs(object) && !madeForAnother(object, name);
  const own = (object: KubeObject | undefined): boolean => object !== undefined && isOwn(object);
  return {
    ...ofRelease(
      { deployment: own(deployment) ? deployment : undefined, service: own(service) ? service : undefined },
      release,
    ),
    problems: [deployment, service].flatMap((o) =>
      o === undefined || isOwn(o) ? [] : [isOurs(o) ? inUse(o) : nameTaken(o)],
    ),
    borrowed: service !== undefined && isOurs(service) && !isOwn(service),
  };
};

const ofRelease = ({ deployment, service }: Found, release: CanaryOwner): Partial<CanaryObjects> => {
  const mine = <T extends KubeObject>(object: T | undefined): T | undefined =>
    object !== undefined && isMadeFor(object, release) ? object : undefined;
  const [ownDeployment, ownService] = [mine(deployment), mine(service)];
  const going = ownDeployment?.metadata.deletionTimestamp === undefined ? undefined : ownDeployment;
  const others = [deployment, service].filter(
    (object) => object !== undefined && mine<KubeObject>(object) === undefined,
  );
  const inTheWay = [
    ...others.flatMap((object) => (object === undefined ? [] : [leftOf(object)])),
    ...(going === undefined ? [] : [`Deployment ${going.metadata.name}, whose pods are about to go`]),
  ].join(' and ');
  return {
    ...(ownDeployment === undefined || going !== undefined ? {} : { deployment: ownDeployment }),
    ...(ownService === undefined ? {} : { service: ownService }),
    ...(going === undefined ? {} : { going }),
    ...(inTheWay === '' ? {} : { inTheWay }),
  };
};

const leftOf = (object: KubeObject): string => {
  const { name } = madeFor(object);
  return `${object.kind} ${object.metadata.name}${name === undefined ? '' : ` of the earlier release ${name}`}`;
};

/** Whether nothing of a canary runs any more: its Deployment is gone, or goes and has no pod but those that are ending. */
export const isGone = ({ deployment, service, going }: CanaryObjects): boolean =>
  deployment === undefined && service === undefined && (going === undefined || hasNoPods(going));

const hasNoPods = ({ metadata, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && (status?.replicas ?? 0) === 0;

/** Since when a Deployment is on its way out, by the API server's clock. */
export const goingSince = (deployment: Deployment | undefined): Instant | undefined =>
  fromRfc3339(deployment?.metadata.deletionTimestamp);

const nameTaken = ({ kind, metadata }: KubeObject): Problem => ({
  field: `${kind}.metadata.name`,
  value: metadata.name,
  rule: `the canary needs this name, and a ${kind} that is not Sluice's has it`,
  todo: `Rename or delete ${kind} ${metadata.name}.`,
});

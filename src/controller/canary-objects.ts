/** Finds in the caches what a release made for its canary, and what is left of an earlier canary. */
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
  /** The canary Deployment in foreground deletion: it is gone once its pods are. */
  readonly going?: Deployment;
  /** Objects that occupy the canary's names: of another release, or in deletion. The canary waits until they are gone. */
  readonly inTheWay?: string;
  readonly problems: readonly Problem[];
  /** The Service was made for another workload's release. */
  readonly borrowed: boolean;
};

export type CanaryOwner = { readonly name: string; readonly uid: string };

type Found = { readonly deployment: Deployment | undefined; readonly service: Service | undefined };

/** The canary's objects. An object of the same name that is not this workload's is a problem, and is never changed. */
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

/** Whether the canary no longer runs: its Deployment is gone, or is in deletion with no pods left but terminating ones. */
export const isGone = ({ deployment, service, going }: CanaryObjects): boolean =>
  deployment === undefined && service === undefined && (going === undefined || hasNoPods(going));

const hasNoPods = ({ metadata, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && (status?.replicas ?? 0) === 0;

/** When the deletion of a Deployment began, by the API server's clock. */
export const goingSince = (deployment: Deployment | undefined): Instant | undefined =>
  fromRfc3339(deployment?.metadata.deletionTimestamp);

const nameTaken = ({ kind, metadata }: KubeObject): Problem => ({
  field: `${kind}.metadata.name`,
  value: metadata.name,
  rule: `the canary needs this name, and a ${kind} that is not Sluice's has it`,
  todo: `Rename or delete ${kind} ${metadata.name}.`,
});

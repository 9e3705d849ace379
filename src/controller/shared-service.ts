/**
 * Several workloads behind one Service: their releases would need the same Service for the canary and split the same
 * route, so they take turns.
 */
import { releaseOf } from '../core/admission/guard.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Problem } from '../values/problem.ts';
import { isFinal } from '../core/release/state.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { workloadAnnotation } from '../schema/annotations.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import type { TrafficPort } from './dependencies.ts';

type Wish = { readonly namespace: string; readonly workload: string; readonly service: string };

/** The release of another workload that has this Service's route, as words. */
export const blockedBy = (cluster: ClusterView, { providers }: TrafficPort, wish: Wish): string | undefined => {
  const other = cluster.list(kinds.release, wish.namespace).find((release) => {
    const { workload } = release.spec;
    const { phase = 'Pending', service, provider } = (release.status ?? {}) as Partial<ReleaseStatus>;
    const started = phase !== 'Pending' && !isFinal(phase) && workload.name !== wish.workload;
    return started && service === wish.service && splitsRoutes(providers, provider);
  });
  if (other === undefined) return undefined;
  const { workload } = other.spec;
  return `${other.metadata.name} of Deployment ${workload.name}, which stands behind the same Service,`;
};

const splitsRoutes = (providers: TrafficPort['providers'], name: string | undefined): boolean =>
  Object.values(providers).some((provider) => provider.name === name && provider.can.splits === 'route');

/** Whether an object of Sluice was made for a release of another workload. */
export const madeForAnother = ({ metadata }: KubeObject, workload: string): boolean =>
  (metadata.annotations?.[workloadAnnotation] ?? workload) !== workload;

/** The object of another workload's release in the place of one's own. It is never touched. */
export const inUse = (object: KubeObject): Problem => ({
  field: `${object.kind}.metadata.name`,
  value: object.metadata.name,
  rule: `the canary needs this name, and release ${releaseOf(object) ?? ''} of Deployment ${object.metadata.annotations?.[workloadAnnotation] ?? ''} has it`,
  todo: 'This release starts when that one is over.',
});

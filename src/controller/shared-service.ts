/**
 * Several workloads behind one Service: their releases would need the same Service for the canary and split the same
 * route, so they take turns.
 */
import { releaseOf } from '../core/admission/guard.ts';
import type { KubeObject } from '../values/kube-object.ts';
import type { Problem } from '../values/problem.ts';
import { workloadAnnotation } from '../schema/annotations.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { isOpen, isWaiting } from './release-index.ts';

type Wish = { readonly namespace: string; readonly workload: string; readonly service: string };

/** The release of another workload that uses this Service's route, as a sentence fragment. */
export const blockedBy = (
  { index, traffic }: Pick<ControllerDependencies, 'index' | 'traffic'>,
  wish: Wish,
): string | undefined => {
  const other = index.onService(wish.namespace, wish.service).find((release) => {
    const started = isOpen(release) && !isWaiting(release) && release.spec.workload.name !== wish.workload;
    return started && traffic.providers[release.status?.provider ?? '']?.can.splits === 'route';
  });
  if (other === undefined) return undefined;
  const { workload } = other.spec;
  return `${other.metadata.name} of Deployment ${workload.name}, which stands behind the same Service,`;
};

/** Whether an object of Sluice was made for a release of another workload. */
export const madeForAnother = ({ metadata }: KubeObject, workload: string): boolean =>
  (metadata.annotations?.[workloadAnnotation] ?? workload) !== workload;

/** The problem that another workload's release has an object of the needed name. Sluice never changes that object. */
export const inUse = (object: KubeObject): Problem => ({
  field: `${object.kind}.metadata.name`,
  value: object.metadata.name,
  rule: `the canary needs this name, and release ${releaseOf(object) ?? ''} of Deployment ${object.metadata.annotations?.[workloadAnnotation] ?? ''} has it`,
  todo: 'This release starts when that one is over.',
});

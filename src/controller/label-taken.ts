/** Whether a label of canary pods would be mistaken for somebody else's. */
import { isOurs } from '../schema/names.ts';
import { kinds } from '../schema/kinds.ts';
import type { Deployment, Labels } from '../values/kube-object.ts';
import type { ControllerDependencies } from './dependencies.ts';

/**
 * Whether pods of another Deployment carry one of these labels, or a Service that Sluice did not make selects by it. Such a
 * Service would send the other workload's callers to the canary.
 */
export const isTaken = (
  { cluster }: Pick<ControllerDependencies, 'cluster'>,
  { metadata: { namespace = '', name } }: Deployment,
  wanted: Labels,
): boolean => {
  const uses = (labels: Labels = {}): boolean => Object.entries(wanted).some(([key, value]) => labels[key] === value);
  return (
    cluster
      .list(kinds.deployment, namespace)
      .some((one) => !isOurs(one) && one.metadata.name !== name && uses(one.spec.template.metadata?.labels)) ||
    cluster.list(kinds.service, namespace).some((one) => !isOurs(one) && uses(one.spec.selector))
  );
};

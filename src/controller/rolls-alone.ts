/** Workers: nothing sends them requests, and only their namespace or a selector opts them in. */
import { servicesSelecting } from '../core/release/apex.ts';
import type { Plan } from '../core/plan/plan.ts';
import { annotations } from '../schema/annotations.ts';
import { kinds } from '../schema/kinds.ts';
import type { Deployment } from '../values/kube-object.ts';
import type { ControllerDependencies } from './dependencies.ts';

const because =
  `no Service selects its pods, so there is no traffic to split, and only its namespace or a selector opts it in: it rolls natively. ` +
  `To have it released all the same, create a Service and write ${annotations.canary}: enabled on the Deployment`;

/** Why the workload's template rolls natively instead of being released, as a sentence. */
export const rollsAlone = (
  { cluster, policies }: Pick<ControllerDependencies, 'cluster' | 'policies'>,
  workload: Deployment,
  { service }: Pick<Plan, 'service'>,
): string | undefined => {
  if (service !== undefined || !policies.optedIn(workload) || policies.asksItself(workload)) return undefined;
  const labels = workload.spec.template.metadata?.labels ?? {};
  const found = servicesSelecting(labels, cluster.list(kinds.service, workload.metadata.namespace ?? ''));
  return found.length === 0 ? because : undefined;
};

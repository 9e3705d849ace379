/** How long the proxies get to notice, where no release is there to say it. */
import type { Deployment } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { ControllerDependencies } from './dependencies.ts';

/** Where nothing is left that says it. */
const mostPropagation: Milliseconds = 10_000;

/** As the workload's policy has it. */
export const propagationOf = ({ policies }: ControllerDependencies, workload: Deployment | undefined): Milliseconds => {
  const found = workload === undefined ? undefined : policies.ofWorkload(workload);
  return found === undefined || 'problems' in found ? mostPropagation : found.plan.propagationDelay;
};

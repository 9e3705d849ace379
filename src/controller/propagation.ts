/** How long the proxies get to notice a change of routes when no Release is left that says it. */
import type { Deployment } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { ControllerDependencies } from './dependencies.ts';

/** Applies if the workload is gone or its policy cannot be read. */
const mostPropagation: Milliseconds = 10_000;

/** The delay that the workload's policy asks for. */
export const propagationOf = ({ policies }: ControllerDependencies, workload: Deployment | undefined): Milliseconds => {
  const found = workload === undefined ? undefined : policies.ofWorkload(workload);
  return found === undefined || 'problems' in found ? mostPropagation : found.plan.propagationDelay;
};

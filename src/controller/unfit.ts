/** A Service that does not lead to the pods of the new template yet: what can be done meanwhile. No requests, no decisions. */
import type { Facts, StableFacts } from '../core/release/facts.ts';
import type { Deployment } from '../values/kube-object.ts';
import { selects } from '../values/label-selector.ts';
import type { Problem } from '../values/problem.ts';
import type { Route } from './route-facts.ts';

export type Unfit = Pick<Facts, 'unfit'> & { readonly problems: readonly Problem[] };

/**
 * Nobody would reach the new template, during the release or afterwards. The canary is made ready meanwhile, unless its
 * pods would get requests on a port of which they know nothing.
 */
export const unfitOf = (
  stable: StableFacts | undefined,
  route: Route | undefined,
  { spec: { template } }: Deployment,
): Unfit => {
  if (stable?.unfit === undefined || route === undefined) return { problems: [] };
  const { apex } = route.target;
  const isSelected = selects({ matchLabels: apex.spec.selector ?? {} }, template.metadata?.labels ?? {});
  const problem: Problem = {
    field: isSelected ? 'Service.spec.ports' : 'Service.spec.selector',
    rule: `${stable.unfit}: nobody would reach the new template`,
    todo: `Apply the Service and the pods' ${isSelected ? 'ports' : 'labels'} so that they fit.`,
  };
  const isExposed = isSelected && route.provider.can.splits === 'replicas';
  return isExposed ? { problems: [problem] } : { problems: [], unfit: problem };
};

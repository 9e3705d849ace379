/**
 * What rolls natively instead of being released: workers, to which nothing sends requests, where only their namespace or a
 * selector opts them in; and pods whose port has moved, where nothing but the Service splits the traffic.
 */
import { servicesSelecting } from '../core/release/apex.ts';
import type { StableFacts } from '../core/release/facts.ts';
import type { RolledAlone } from '../core/release/state.ts';
import type { ReleaseSpec } from '../schema/release.ts';
import { selects } from '../values/label-selector.ts';
import type { Route } from './route-facts.ts';
import type { Plan } from '../core/plan/plan.ts';
import { annotations } from '../schema/annotations.ts';
import { kinds } from '../schema/kinds.ts';
import type { Deployment } from '../values/kube-object.ts';
import type { ControllerDependencies } from './dependencies.ts';

const noTraffic =
  `no Service selects its pods, so there is no traffic to split, and only its namespace or a selector opts it in: it rolls natively. ` +
  `To have it released all the same, create a Service and write ${annotations.canary}: enabled on the Deployment`;

/** Why a worker's template rolls natively; undefined where requests come to it, or it asks for releases itself. */
export const asWorker = (
  { cluster, policies }: Pick<ControllerDependencies, 'cluster' | 'policies'>,
  workload: Deployment,
  { service }: Pick<Plan, 'service'>,
): RolledAlone | undefined => {
  if (service !== undefined || !policies.optedIn(workload) || policies.asksItself(workload)) return undefined;
  const labels = workload.spec.template.metadata?.labels ?? {};
  const found = servicesSelecting(labels, cluster.list(kinds.service, workload.metadata.namespace ?? ''));
  return found.length === 0 ? { reason: 'NoService', message: noTraffic } : undefined;
};

/**
 * The stable pods stay behind the Service and cannot answer on its port. Beside them a canary would get its share of the
 * requests alone, so every moment before the roll costs callers more than the roll itself.
 */
export const portMoved = (
  route: Route | undefined,
  stable: StableFacts | undefined,
  spec: Pick<ReleaseSpec, 'stable'>,
): RolledAlone | undefined => {
  if (route?.provider.can.splits !== 'replicas' || stable?.cutOff === undefined || stable.unfit !== undefined)
    return undefined;
  const { selector = {} } = route.target.apex.spec;
  if (!selects({ matchLabels: selector }, spec.stable?.labels ?? {})) return undefined;
  const message = `${stable.cutOff}: without a route these stay behind the Service and fail requests until they are replaced, so the template rolls natively, unjudged`;
  return { reason: 'PortMoved', message };
};

/** Host names of Services as routes write them: `web`, `web.shop`, `web.shop.svc`, `web.shop.svc.cluster.local`. */
import type { ServiceName } from '../values/route-format.ts';

/**
 * The Service that a host in a route of namespace `from` means. A bare name is relative to the route's own namespace; a
 * longer one names its namespace, and whatever follows `svc` is the cluster domain, which Sluice does not need to know.
 */
export const serviceAt = (host: string, from: string): ServiceName | undefined => {
  const [name = '', namespace = from, svc = 'svc'] = host.split('.');
  return name !== '' && svc === 'svc' ? { namespace, name } : undefined;
};

/** The same form of host for another Service of the same namespace: `web.shop.svc` → `web-canary.shop.svc`. */
export const withServiceName = (host: string, name: string): string => [name, ...host.split('.').slice(1)].join('.');

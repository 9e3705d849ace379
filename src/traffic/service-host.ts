/** Host names of Services as routes write them: `web`, `web.shop`, `web.shop.svc`, `web.shop.svc.cluster.local`. */

export type ServiceName = { readonly namespace: string; readonly name: string };

/**
 * Whether a host in a route of namespace `from` means the Service. A bare name is relative to the route's own namespace;
 * a longer one names its namespace, and whatever follows `svc` is the cluster domain, which Sluice does not need to know.
 */
export const meansService = (host: string, service: ServiceName, from: string): boolean => {
  const [name, namespace = from, svc = 'svc'] = host.split('.');
  return name === service.name && namespace === service.namespace && svc === 'svc';
};

/** The same form of host for another Service of the same namespace: `web.shop.svc` → `web-canary.shop.svc`. */
export const withServiceName = (host: string, name: string): string => [name, ...host.split('.').slice(1)].join('.');
